//! .NET assemblies, and whether they call kernel32.

use std::fs;
use std::io;
use std::path::Path;

/// The signature of metadata (ECMA-335, II.24.2.1).
const METADATA: &[u8] = b"BSJB";

/// Returns the names of the programs and libraries in `folder` that call kernel32.
pub(super) fn callers(folder: &Path) -> io::Result<Vec<String>> {
    let mut callers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default();
        let is_assembly =
            extension.eq_ignore_ascii_case("exe") || extension.eq_ignore_ascii_case("dll");
        // Mono opens no file whose name is not UTF-8.
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name
            && is_assembly
            && path.is_file()
            && calls_kernel32(&fs::read(&path)?)
        {
            callers.push(name.to_owned());
        }
    }
    callers.sort();
    Ok(callers)
}

/// Returns whether these are an assembly that names kernel32: its metadata has the name as written.
fn calls_kernel32(assembly: &[u8]) -> bool {
    let has = |wanted: &[u8]| {
        assembly.windows(wanted.len()).any(|bytes| bytes.eq_ignore_ascii_case(wanted))
    };
    assembly.starts_with(b"MZ") && has(METADATA) && has(b"kernel32")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assembly_calls_what_its_metadata_names() {
        assert!(calls_kernel32(b"MZ...BSJB...Kernel32\0"));
        assert!(!calls_kernel32(b"MZ...BSJB...user32.dll\0"));
        assert!(!calls_kernel32(b"MZ......KERNEL32.dll\0"), "a program that is not managed");
        assert!(!calls_kernel32(b"BSJB kernel32"), "no program at all");
    }
}
