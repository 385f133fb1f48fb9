//! What `cargo xtask tidy` finds in small trees with one fault each, and that it finds nothing
//! in a tree without any.

use std::error::Error;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

type Done = Result<(), Box<dyn Error>>;

const CHANGELOG: &str = "# Changelog\n\n## [Unreleased]\n";

/// A project without faults, to which a test adds its own.
struct Project {
    directory: TempDir,
}

impl Project {
    fn new() -> Result<Self, Box<dyn Error>> {
        let project = Self { directory: TempDir::new()? };
        project.write("CHANGELOG.md", CHANGELOG)?;
        project.write("crates/filemap/src/lib.rs", "//! Maps files.\nmod types;\nmod sys;\n")?;
        for layer in ["types", "sys", "sys/linux", "model", "file"] {
            project.write(&format!("crates/filemap/src/{layer}/mod.rs"), "//! A layer.\n")?;
        }
        Ok(project)
    }

    fn write(&self, path: &str, text: &str) -> Done {
        let path = self.directory.path().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Adds a file to the library's sources.
    fn with(path: &str, text: &str) -> Result<Self, Box<dyn Error>> {
        let project = Self::new()?;
        project.write(&format!("crates/filemap/src/{path}"), text)?;
        Ok(project)
    }

    /// Runs tidy, and returns what it printed if it found something.
    fn tidy(&self) -> Result<Option<String>, Box<dyn Error>> {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("tidy")
            .arg(self.directory.path())
            .output()?;
        let printed = String::from_utf8(output.stdout)?;
        match output.status.code() {
            Some(0) => Ok(None),
            Some(1) => Ok(Some(printed)),
            other => Err(format!("ended with {other:?}: {printed}").into()),
        }
    }

    /// Asserts that tidy prints a line with this beginning, and no other complaint.
    fn assert_finds(&self, beginning: &str) -> Done {
        let printed = self.tidy()?.ok_or("it found nothing")?;
        let complaints: Vec<&str> =
            printed.lines().filter(|line| line.contains(": rule")).collect();
        assert_eq!(complaints.len(), 1, "{printed}");
        assert!(complaints[0].starts_with(beginning), "{beginning} is not in {printed}");
        Ok(())
    }

    fn assert_clean(&self) -> Done {
        assert_eq!(self.tidy()?, None);
        Ok(())
    }
}

#[test]
fn a_tree_without_faults_passes() -> Done {
    let project = Project::with(
        "model/view.rs",
        "//! Mentions `unsafe`, crate::file and libc:: in words only.\n\
         use crate::{sys::Region, types::{Access, Error}};\n\
         /// Says [`crate::FileMapping`].\n\
         fn f(w: &[u8]) { let s = \"unsafe { libc::read }\"; w.windows(2); super::view::f(w) }\n",
    )?;

    project.assert_clean()
}

#[test]
fn a_layer_that_uses_one_above_it_is_found_with_its_line() -> Done {
    let project =
        Project::with("sys/region.rs", "use crate::types::Error;\nuse crate::model::View;\n")?;

    project.assert_finds("crates/filemap/src/sys/region.rs:2: rule 1: `sys` uses `model`")
}

#[test]
fn a_layer_above_is_found_inside_a_group_too() -> Done {
    let project = Project::with(
        "types/access.rs",
        "use crate::{\n    types::{Error, Name},\n    sys::{linux, Region},\n};\n",
    )?;

    project.assert_finds("crates/filemap/src/types/access.rs:3: rule 1: `types` uses `sys`")
}

#[test]
fn the_root_re_export_is_no_way_to_name_a_thing() -> Done {
    let project = Project::with("file/bytes.rs", "fn f(view: &crate::View) {}\n")?;

    project.assert_finds("crates/filemap/src/file/bytes.rs:1: rule 1: `crate::View` does not name")
}

#[test]
fn climbing_out_of_a_layer_by_super_is_found() -> Done {
    let project = Project::with("sys/linux/region.rs", "use super::super::super::model::View;\n")?;

    project.assert_finds("crates/filemap/src/sys/linux/region.rs:1: rule 1: `super` climbs")
}

#[test]
fn super_inside_a_layer_is_allowed_at_any_depth() -> Done {
    let project = Project::with(
        "sys/linux/region.rs",
        "use super::super::Contract;\nmod inside { use super::super::super::Contract; }\n",
    )?;

    project.assert_clean()
}

#[test]
fn a_folder_that_is_no_layer_is_found() -> Done {
    let project = Project::with("extra/mod.rs", "//! Something.\n")?;

    project.assert_finds("crates/filemap/src/extra/mod.rs:1: rule 1: `extra` is no layer")
}

#[test]
fn unsafe_above_sys_is_found() -> Done {
    let project = Project::with("model/view.rs", "fn f() {\n    unsafe { g() }\n}\n")?;

    project.assert_finds("crates/filemap/src/model/view.rs:2: rule 2: `unsafe`")
}

#[test]
fn crates_of_the_system_above_sys_are_found() -> Done {
    let project = Project::with("types/error.rs", "use rustix::io::Errno;\n")?;

    project.assert_finds("crates/filemap/src/types/error.rs:1: rule 2: the crate `rustix`")
}

#[test]
fn a_front_may_not_speak_to_the_system_either() -> Done {
    let project = Project::new()?;
    project.write(
        "crates/filemap-cli/src/main.rs",
        "//! The command.\nfn main() { libc::exit(0) }\n",
    )?;

    project.assert_finds("crates/filemap-cli/src/main.rs:2: rule 2: the crate `libc`")
}

#[test]
fn the_commands_own_sys_may_ask_the_system_and_not_be_unsafe() -> Done {
    let project = Project::new()?;
    let path = "crates/filemap-cli/src/sys/linux.rs";
    project.write("crates/filemap-cli/src/sys/mod.rs", "//! What differs.\n")?;

    project.write(path, "//! Linux.\nfn own() -> u32 { rustix::process::getpid() }\n")?;
    project.assert_clean()?;
    project.write(path, "//! Linux.\nfn own() { unsafe { libc::getpid() } }\n")?;

    project.assert_finds("crates/filemap-cli/src/sys/linux.rs:2: rule 2: `unsafe`")
}

#[test]
fn a_platform_told_apart_above_sys_is_found_in_every_spelling() -> Done {
    for spelling in [
        "#[cfg(target_os = \"linux\")]\nfn f() {}\n",
        "#[cfg_attr(windows, inline)]\nfn f() {}\n",
        "#[cfg(all(test, not(unix)))]\nfn f() {}\n",
        "const WINDOWS: bool = cfg!(windows);\n",
    ] {
        let project = Project::with("model/view.rs", spelling)?;

        project.assert_finds("crates/filemap/src/model/view.rs:1: rule 2: `cfg(")?;
    }
    Ok(())
}

#[test]
fn sys_itself_may_be_unsafe_and_know_its_platform() -> Done {
    let project = Project::with(
        "sys/linux/region.rs",
        "use rustix::mm;\n#[cfg(target_arch = \"x86_64\")]\nfn f() { unsafe { mm::munmap() } }\n",
    )?;

    project.assert_clean()
}

#[test]
fn a_feature_or_a_test_is_no_platform() -> Done {
    let project = Project::with(
        "types/name.rs",
        "#[cfg(feature = \"objects\")]\nfn f() {}\n#[cfg(test)]\nmod tests {}\n",
    )?;

    project.assert_clean()
}

#[test]
fn a_platform_that_names_the_other_is_found() -> Done {
    let project = Project::with("sys/linux/region.rs", "use crate::sys::windows::PAGE;\n")?;

    project.assert_finds("crates/filemap/src/sys/linux/region.rs:1: rule 4: `sys/linux` names")
}

#[test]
fn a_platform_named_from_above_sys_is_found() -> Done {
    let project = Project::with("model/view.rs", "use crate::sys::linux::Region;\n")?;

    project.assert_finds("crates/filemap/src/model/view.rs:1: rule 4: `sys::linux` is private")
}

#[test]
fn a_platform_file_without_a_twin_is_found() -> Done {
    let project = Project::with("sys/linux/fault.rs", "fn f() {}\n")?;
    project.write("crates/filemap/src/sys/windows/mod.rs", "//! The other platform.\n")?;

    project.assert_finds("crates/filemap/src/sys/linux/fault.rs:1: rule 4: `fault` has no twin")
}

#[test]
fn a_file_past_the_limit_is_found() -> Done {
    let project = Project::with("model/long.rs", &"\n".repeat(650))?;
    project.assert_clean()?;

    project.write("crates/filemap/src/model/long.rs", &"\n".repeat(651))?;

    project.assert_finds("crates/filemap/src/model/long.rs:651: rule length: 651 lines")
}

#[test]
fn a_name_that_says_nothing_is_found() -> Done {
    let project = Project::with("model/utils.rs", "fn f() {}\n")?;

    project.assert_finds("crates/filemap/src/model/utils.rs:1: rule name: `utils`")
}

#[test]
fn a_folder_without_introduction_is_found() -> Done {
    let project = Project::with("model/mod.rs", "mod view;\n")?;

    project.assert_finds("crates/filemap/src/model/mod.rs:1: rule module: say in")
}

#[test]
fn a_folder_without_a_module_file_is_found_once() -> Done {
    let project = Project::with("sys/linux/fault/copy.rs", "fn f() {}\n")?;
    project.write("crates/filemap/src/sys/linux/fault/table.rs", "fn f() {}\n")?;

    project.assert_finds(
        "crates/filemap/src/sys/linux/fault/copy.rs:1: rule module: `sys/linux/fault/mod.rs`",
    )
}

#[test]
fn what_is_unfinished_is_found() -> Done {
    // In pieces, because this file is tidy itself.
    for unfinished in [
        ["fn f() { todo", "!() }"].concat(),
        ["fn f() { unimplemented", "!(\"later\") }"].concat(),
        ["#[test] #[", "ignore] fn f() {}"].concat(),
        ["#[test] #[", "ignore = \"slow\"] fn f() {}"].concat(),
    ] {
        let project = Project::with("model/view.rs", &unfinished)?;

        project.assert_finds("crates/filemap/src/model/view.rs:1: rule unfinished: ")?;
    }
    Ok(())
}

#[test]
fn a_place_on_one_machine_is_found_in_any_file() -> Done {
    for place in
        [["/ro", "ot/x"], ["/ho", "me/me/x"], ["/t", "mp/x"], ["/wo", "rk/x"], ["../sha", "red/x"]]
    {
        let project = Project::new()?;
        project.write("notes.txt", &format!("first\nsee {}\n", place.concat()))?;

        project.assert_finds("notes.txt:2: rule place: ")?;
    }
    Ok(())
}

#[test]
fn what_the_fuzzer_found_is_nobodys_work() -> Done {
    let project = Project::new()?;
    for folder in ["corpus", "artifacts"] {
        project.write(&format!("fuzz/{folder}/name/0123"), concat!("/ho", "me/somebody"))?;
    }
    project.assert_clean()
}

#[test]
fn a_folder_of_such_a_name_elsewhere_is_no_such_place() -> Done {
    let project = Project::new()?;
    project.write(
        "notes.txt",
        "https://example.org/home/x, target/home/x, $HOME/home/x, /home/<you>\n",
    )?;

    project.assert_clean()
}

#[test]
fn a_link_that_leads_nowhere_is_found() -> Done {
    for link in ["docs/none.md", "docs/page.md#none", "../outside.md", "#none"] {
        let project = Project::new()?;
        project.write("docs/page.md", "# One call, `followed` down\n")?;
        project.write("README.md", &format!("# Title\n\nSee [it]({link}).\n"))?;

        project.assert_finds(&format!("README.md:3: rule link: `{link}`"))?;
    }
    Ok(())
}

#[test]
fn a_link_that_leads_somewhere_passes() -> Done {
    let project = Project::new()?;
    project.write("docs/page.md", "# One call, `followed` down\n\n[back](../README.md#title)\n")?;
    project.write(
        "README.md",
        "# Title\n\n[a](docs/page.md#one-call-followed-down) [b](docs) [c](https://example.org)\n\
         \n```text\n[no link](nowhere)\n```\n",
    )?;

    project.assert_clean()
}

#[test]
fn a_changelog_without_the_coming_version_is_found() -> Done {
    let project = Project::new()?;
    project.write("CHANGELOG.md", "# Changelog\n\n## [0.0.1] - 2020-01-01\n")?;

    project.assert_finds("CHANGELOG.md:1: rule changelog: ")
}

#[test]
fn a_promise_proved_by_a_test_that_does_not_exist_is_found() -> Done {
    let project = Project::with(
        "model/view.rs",
        "#[test]\nfn a_view_outlives_its_mapping() {}\nfn no_test() {}\n",
    )?;
    project.write(
        "docs/semantics.md",
        "| call | test |\n|---|---|\n\
         | `CloseHandle` | `view::a_view_outlives_its_mapping` |\n\
         | `MapViewOfFile` | `no_test` |\n",
    )?;

    project.assert_finds("docs/semantics.md:4: rule test: `no_test`")
}

#[test]
fn a_source_that_is_no_rust_is_found() -> Done {
    let project = Project::with("model/view.rs", "fn f() {\n    (\n}\n")?;

    project.assert_finds("crates/filemap/src/model/view.rs:3: rule syntax: the file is not Rust")
}

#[test]
fn an_unknown_verb_is_answered_with_the_verbs_there_are() -> Done {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("tidier").output()?;

    assert_eq!(output.status.code(), Some(2));
    let printed = String::from_utf8(output.stderr)?;
    assert!(printed.contains("`tidier`") && printed.contains("test [--quick]"), "{printed}");
    Ok(())
}
