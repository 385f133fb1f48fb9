//! `cargo xtask package`: a Debian package of the command, with its manual and its completions, and
//! of the library for C.
//!
//! What goes into it is listed in `crates/filemap-cli/Cargo.toml`, in `package.metadata.deb`.

use crate::helper;
use crate::process::{self, cargo, output};
use crate::report;
use crate::stop::{Done, Stop, about, failed, skipped};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files of completions, by the shell that reads them.
const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "filemap.bash"), ("zsh", "_filemap"), ("fish", "filemap.fish")];

/// What the package is called.
const NAME: &str = "filemap";

/// Where the package puts the command.
const COMMAND: &str = "/usr/bin/filemap";

/// What the package must have: a manual, unless the machine installs none, completions, and what
/// programs in C are built with.
const FILES: [&str; 14] = [
    "man1/filemap.1.gz",
    "man1/filemap-create.1.gz",
    "completions/filemap",
    "vendor-completions/_filemap",
    "vendor_completions.d/filemap.fish",
    "lib/libfilemap.so",
    "filemap/filemap.h",
    "filemap/windows.h",
    "filemap/windef.h",
    "filemap/winnt.h",
    "filemap/winbase.h",
    "filemap/tchar.h",
    "filemap/io.h",
    "filemap/sddl.h",
];

/// Builds the package; to `check` it, also installs it, uses what it brings, and removes it.
pub(crate) fn run(check: bool) -> Done {
    process::needs_answer(&mut cargo(["deb", "--version"]), "cargo install --locked cargo-deb")?;
    let package = build()?;
    report::say(&format!("package: {}", package.display()));
    if !check {
        return Ok(());
    }
    process::needs(&[("dpkg", "dpkg"), ("cc", "gcc")])?;
    if output(Command::new("id").arg("-u"))?.trim() != "0" {
        return skipped("only the superuser installs packages");
    }
    if output(Command::new("dpkg").args(["--status", NAME])).is_ok() {
        return skipped("a package of this name is installed, and stays as it is");
    }
    output(Command::new("dpkg").arg("--install").arg(&package))?;
    let used = use_it();
    // Whatever came of it, the machine is to be as it was.
    let removed = output(Command::new("dpkg").args(["--purge", NAME]));
    let files = used?;
    removed?;
    match files.iter().find(|file| file.is_file()) {
        Some(left) => failed(format!("{} is still there after its removal", left.display())),
        None => {
            report::say(&format!("package: installed, used and removed, {} files", files.len()));
            Ok(())
        }
    }
}

fn build() -> Done<PathBuf> {
    let release = process::target()?.join("release");
    let packages = ["--package", "filemap-cli", "--package", "filemap-abi"];
    let optimised = ["build", "--profile=bench", "--locked", "--all-features"];
    let mut build = cargo(optimised);
    // Where it cannot be built, `filemap wine` says in a sentence what is missing.
    match helper::build() {
        Ok(helper) => drop(build.env("FILEMAP_WINE_HELPER", fs::canonicalize(helper)?)),
        Err(Stop::Skipped(why)) => report::skip("helper", why),
        Err(stop) => return Err(stop),
    }
    process::run(build.args(packages))?;
    let shipped = release.join("shipped");
    // Pages of verbs that are no more must not be shipped.
    match fs::remove_dir_all(&shipped) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err.into()),
        _ => fs::create_dir_all(&shipped)?,
    }
    let filemap = release.join("filemap");
    let pages =
        output(Command::new(&filemap).args(["man", "--directory"]).arg(shipped.join("man")))?;
    // As Debian has them, and without the time, which would make each package another one.
    output(Command::new("gzip").args(["--best", "--no-name"]).args(pages.lines()))?;
    for (shell, file) in COMPLETIONS {
        let script = output(Command::new(&filemap).args(["completions", shell]))?;
        fs::write(shipped.join(file), script)?;
    }
    let built = fs::read_to_string("crates/filemap-abi/filemap.pc").map_err(about("filemap.pc"))?;
    fs::write(shipped.join("filemap.pc"), built.replace("prefix=/usr/local", "prefix=/usr"))?;
    let package = release.join("filemap.deb");
    let deb = ["deb", "--no-build", "--strip", "--package", "filemap-cli", "--output"];
    process::run(cargo(deb).arg(&package))?;
    Ok(package)
}

/// Uses what was installed, and returns its files.
fn use_it() -> Done<Vec<PathBuf>> {
    let listed = output(Command::new("dpkg").args(["--listfiles", NAME]))?;
    let files: Vec<_> = listed.lines().map(PathBuf::from).filter(|path| path.is_file()).collect();
    let has_manual = !leaves_manual_out()?;
    let mut wanted = FILES.iter().filter(|end| has_manual || !end.starts_with("man1/"));
    if let Some(end) = wanted.find(|end| !files.iter().any(|file| file.ends_with(end))) {
        return failed(format!("the package has no {end}"));
    }
    let version = output(Command::new(COMMAND).arg("--version"))?;
    if version.trim() != concat!("filemap ", env!("CARGO_PKG_VERSION")) {
        return failed(format!("the installed command says that it is {version}"));
    }
    let names = tempfile::tempdir()?;
    let held = ["create", "packaged", "--size", "4KiB", "--", COMMAND, "ls", "--json"];
    let listed = output(Command::new(COMMAND).args(held).env("FILEMAP_DIR", names.path()))?;
    if !listed.contains("packaged") {
        return failed(format!("the installed command lists {listed}"));
    }
    // The command finds the library, and lays it where runtimes look.
    let folder = names.path().join("app");
    fs::create_dir(&folder)?;
    output(Command::new(COMMAND).args(["kernel32", "--install"]).arg(&folder))?;
    use_it_in_c(names.path())?;
    Ok(files)
}

/// Builds and runs a program for Windows with the installed header and library.
fn use_it_in_c(place: &Path) -> Done {
    const SOURCE: &str = r#"
#include <windows.h>
int main(void) {
    HANDLE mapping = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    return view == NULL || view[0] != 0 || !UnmapViewOfFile(view) || !CloseHandle(mapping);
}
"#;
    let (source, program) = (place.join("program.c"), place.join("program"));
    fs::write(&source, SOURCE)?;
    let mut compiler = Command::new("cc");
    compiler.args(["-I/usr/include/filemap", "-o"]).arg(&program).arg(&source).arg("-lfilemap");
    output(&mut compiler)?;
    output(&mut Command::new(&program)).map(drop)
}

/// Returns whether the machine installs no manual, as small images of Debian do not.
fn leaves_manual_out() -> Done<bool> {
    for file in fs::read_dir("/etc/dpkg/dpkg.cfg.d")? {
        let text = fs::read_to_string(file?.path())?;
        if text.lines().any(|line| line.starts_with("path-exclude=/usr/share/man")) {
            return Ok(true);
        }
    }
    Ok(false)
}
