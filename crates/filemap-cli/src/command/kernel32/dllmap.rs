//! Mono's configuration of native libraries:
//! <https://www.mono-project.com/docs/advanced/pinvoke/dllmap/>.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A comment in the files, for readers who wonder where they came from.
const MARK: &str = "<!-- Written by `filemap kernel32 --install`. -->";

/// Returns the two lines that map calls to the library: with and without `.dll`, in any case.
///
/// A target without a folder is searched for beside the program.
pub(super) fn lines(target: &Path) -> [String; 2] {
    let target = escaped(&target.to_string_lossy());
    ["i:kernel32.dll", "i:kernel32"]
        .map(|library| format!("<dllmap dll=\"{library}\" target=\"{target}\"/>"))
}

/// Returns a whole file with nothing else in it, for one program or one library.
pub(super) fn alone(target: &Path) -> String {
    let [first, second] = lines(target);
    format!("{MARK}\n<configuration>\n  {first}\n  {second}\n</configuration>\n")
}

/// Returns the system's configuration, if there is one, with the two lines added.
///
/// They come last, and so take precedence over earlier lines for the same libraries.
pub(super) fn added_to(system: Option<&str>, target: &Path) -> String {
    let end = system.and_then(|system| system.rfind("</configuration>").map(|end| (system, end)));
    let Some((system, end)) = end else { return alone(target) };
    let [first, second] = lines(target);
    format!("{}\t{first}\n\t{second}\n{}", &system[..end], &system[end..])
}

/// Returns the path of the system's configuration, if it exists.
pub(super) fn of_the_system() -> Option<String> {
    let told = env::var_os("MONO_CONFIG").map(PathBuf::from);
    let in_folder =
        env::var_os("MONO_CFG_DIR").map(|folder| PathBuf::from(folder).join("mono/config"));
    // A Mono from elsewhere has it beside its own `bin` folder: `bin/mono`, `etc/mono/config`.
    let beside = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .filter(|folder| folder.join("mono").is_file())
        .map(|folder| folder.join("../etc/mono/config"))
        .next();
    let usual = Some(PathBuf::from("/etc/mono/config"));
    [told, in_folder, beside, usual]
        .into_iter()
        .flatten()
        .find_map(|path| fs::read_to_string(path).ok())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_stays_and_the_library_comes_last() {
        let system =
            "<configuration>\n\t<dllmap dll=\"libc\" target=\"libc.so.6\"/>\n</configuration>\n";

        let text = added_to(Some(system), Path::new("/a/lib.so"));

        assert_eq!(
            text,
            "<configuration>\n\t<dllmap dll=\"libc\" target=\"libc.so.6\"/>\n\
             \t<dllmap dll=\"i:kernel32.dll\" target=\"/a/lib.so\"/>\n\
             \t<dllmap dll=\"i:kernel32\" target=\"/a/lib.so\"/>\n</configuration>\n"
        );
    }

    #[test]
    fn without_a_system_there_are_the_two_lines() {
        for system in [None, Some(""), Some("nothing of the kind")] {
            assert_eq!(added_to(system, Path::new("lib.so")), alone(Path::new("lib.so")));
        }
    }

    #[test]
    fn a_path_cannot_end_its_attribute() {
        let [line, _] = lines(Path::new("/a\"b&<c>/lib.so"));
        assert_eq!(
            line,
            "<dllmap dll=\"i:kernel32.dll\" target=\"/a&quot;b&amp;&lt;c&gt;/lib.so\"/>"
        );
    }
}
