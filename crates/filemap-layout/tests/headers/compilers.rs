//! Compilers that are asked whether sizes and offsets are theirs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use filemap_layout::{Abi, Fields, Kind, Layout};

/// Compilers for C and C++, and what their sizes and offsets are for.
const COMPILERS: [(Abi, &str, &str); 3] = [
    (Abi::LinuxX64, "gcc", "g++"),
    (Abi::WindowsX64, "x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32-g++"),
    (Abi::WindowsX86, "i686-w64-mingw32-gcc", "i686-w64-mingw32-g++"),
];

/// Returns the compiler for C, or for C++, if it is here.
pub(crate) fn compiler(abi: Abi, is_cpp: bool) -> Option<&'static str> {
    let is_native = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    let (_, c, cpp) = COMPILERS.iter().find(|(its, ..)| *its == abi)?;
    let name = if is_cpp { cpp } else { c };
    let can_start =
        Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    (can_start && (is_native || abi != Abi::LinuxX64)).then_some(name)
}

/// What a compiler is asked about, and how many fields that are.
#[derive(Default)]
pub(crate) struct Asserts {
    pub(crate) lines: String,
    pub(crate) fields: usize,
}

impl Asserts {
    /// Adds the size of a struct, and the offset and size of each of its fields.
    pub(crate) fn add(&mut self, spelled: &str, layout: &Layout) {
        writeln!(self.lines, "CHECK(sizeof({spelled}) == {}, size);", layout.size()).unwrap();
        let alignment = layout.root().alignment();
        writeln!(self.lines, "CHECK(ALIGN({spelled}) == {alignment}, alignment);").unwrap();
        self.fields(spelled, layout.root(), "", 0);
    }

    fn fields(&mut self, spelled: &str, fields: &Fields, path: &str, base: u64) {
        for field in fields.fields() {
            let offset = base + field.offset;
            match &field.kind {
                Kind::Fields(inner) if field.name.is_empty() => {
                    self.fields(spelled, inner, path, offset);
                }
                _ if field.name == "_vtable" => {}
                kind => self.kind(spelled, kind, &format!("{path}{}", field.name), offset),
            }
        }
    }

    fn kind(&mut self, spelled: &str, kind: &Kind, path: &str, offset: u64) {
        self.fields += 1;
        let name = path.rsplit('.').next().unwrap_or_default();
        // C does not tell where bits are; those that no number has are bytes.
        if matches!(kind, Kind::Bits { .. }) || name.starts_with("bits") {
            return;
        }
        writeln!(self.lines, "CHECK(offsetof({spelled}, {path}) == {offset}, offset);").unwrap();
        let size = kind.size();
        if size > 0 {
            writeln!(self.lines, "CHECK(sizeof((({spelled} *)0)->{path}) == {size}, size);")
                .unwrap();
        }
        match kind {
            Kind::Fields(inner) => self.fields(spelled, inner, &format!("{path}."), offset),
            Kind::Array(element, count) if *count > 0 => {
                let last = count - 1;
                self.kind(
                    spelled,
                    element,
                    &format!("{path}[{last}]"),
                    offset + last * element.size(),
                );
            }
            _ => {}
        }
    }

    /// Has a compiler check all that was added about a header.
    pub(crate) fn check(&self, compiler: &str, header: &Path, directory: &Path) {
        let is_cpp = compiler.ends_with("++");
        let before = if is_cpp {
            "#include <cstddef>\n#define CHECK static_assert_text\n#define ALIGN alignof\n"
        } else {
            "#include <stddef.h>\n#define CHECK static_assert_text\n#define ALIGN _Alignof\n"
        };
        let assert = if is_cpp { "static_assert" } else { "_Static_assert" };
        let text = format!(
            "{before}#define static_assert_text(is, what) {assert}(is, #what)\n#include \"{}\"\n{}",
            header.display(),
            self.lines
        );
        let path = directory.join(if is_cpp { "asserts.cpp" } else { "asserts.c" });
        fs::write(&path, text).unwrap();
        let mut command = Command::new(compiler);
        if is_cpp {
            command.args(["-std=gnu++17", "-fno-access-control"]);
        }
        let output = command.args(["-w", "-fsyntax-only"]).arg(&path).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let first: Vec<_> = told.lines().take(20).collect();
        assert!(output.status.success(), "{compiler}, {}: {}", header.display(), first.join("\n"));
    }
}
