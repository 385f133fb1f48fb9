//! `cargo xtask package`: a Debian package of the command, with its manual and its completions, and
//! of the library for C.
//!
//! What goes into it is listed in `crates/filemap-cli/Cargo.toml`, in `package.metadata.deb`.

use crate::installed::is_on_the_path;
use crate::report;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is built for release and goes into the package.
const BUILT: [&str; 2] = ["filemap-cli", "filemap-abi"];

/// The files of completions, by the shell that reads them.
const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "filemap.bash"), ("zsh", "_filemap"), ("fish", "filemap.fish")];

/// What the package is called.
const NAME: &str = "filemap";

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Build it.
    Build,
    /// Also install it, use it, and remove it again.
    Check,
}

/// Builds the package, and tells whether all was well. What is missing for it is told, and is no
/// failure.
pub(crate) fn run(root: &Path, extent: Extent) -> bool {
    if !knows_deb() {
        report::say(
            "package: skipped: `cargo deb` is not installed; `cargo install --locked cargo-deb` brings it",
        );
        return true;
    }
    let outcome = build(root).and_then(|package| {
        report::say(&format!("package: {}", package.display()));
        if extent == Extent::Check { check(&package) } else { Ok(()) }
    });
    match outcome {
        Ok(()) => true,
        Err(what) => {
            report::complain(&format!("package: FAILED: {what}"));
            false
        }
    }
}

/// What went wrong, in a sentence.
type Outcome<T> = Result<T, String>;

fn build(root: &Path) -> Outcome<PathBuf> {
    let release = target(root)?.join("release");
    for package in BUILT {
        run_cargo(root, &["build", "--release", "--locked", "--package", package])?;
    }
    let shipped = release.join("shipped");
    // Pages of verbs that are no more must not be shipped.
    match fs::remove_dir_all(&shipped) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", shipped.display()));
        }
        _ => fs::create_dir_all(&shipped).map_err(|error| error.to_string())?,
    }
    let filemap = release.join("filemap");
    let pages =
        output(Command::new(&filemap).args(["man", "--directory"]).arg(shipped.join("man")))?;
    // As Debian has them, and without the time, which would make each package another one.
    output(Command::new("gzip").args(["--best", "--no-name"]).args(pages.lines()))?;
    for (shell, file) in COMPLETIONS {
        let script = output(Command::new(&filemap).args(["completions", shell]))?;
        fs::write(shipped.join(file), script).map_err(|error| format!("{file}: {error}"))?;
    }
    let packaged = fs::read_to_string(root.join("crates/filemap-abi/filemap.pc"));
    let packaged = packaged.map_err(|error| format!("filemap.pc: {error}"))?;
    fs::write(shipped.join("filemap.pc"), packaged.replace("prefix=/usr/local", "prefix=/usr"))
        .map_err(|error| format!("filemap.pc: {error}"))?;
    let packages = release.join("packages");
    let place = packages.to_str().ok_or("the target directory is no text")?;
    run_cargo(
        root,
        &["deb", "--no-build", "--strip", "--package", "filemap-cli", "--output", place],
    )?;
    newest(&packages)
}

/// The directory that cargo builds in.
fn target(root: &Path) -> Outcome<PathBuf> {
    // This very program is in a folder of it.
    let own = env::current_exe().ok();
    let target = own.as_deref().and_then(Path::parent).and_then(Path::parent);
    Ok(target.map_or_else(|| root.join("target"), Path::to_path_buf))
}

fn newest(packages: &Path) -> Outcome<PathBuf> {
    let files = fs::read_dir(packages).map_err(|error| error.to_string())?;
    let packages =
        files.flatten().filter(|file| file.path().extension() == Some(OsStr::new("deb")));
    let newest = packages.max_by_key(|file| file.metadata().and_then(|data| data.modified()).ok());
    newest.map(|file| file.path()).ok_or_else(|| "cargo deb made no package".to_owned())
}

/// Installs the package, uses what it brings, and removes it.
fn check(package: &Path) -> Outcome<()> {
    if let Some(why) = hindrance() {
        report::say(&format!("package: not installed: {why}"));
        return Ok(());
    }
    output(Command::new("dpkg").arg("--install").arg(package))?;
    let used = try_out();
    // Whatever came of it, the machine is to be as it was.
    let removed = output(Command::new("dpkg").args(["--purge", NAME]));
    let files = used?;
    removed?;
    match files.iter().find(|file| file.is_file()) {
        Some(left) => Err(format!("{} is still there after its removal", left.display())),
        None => {
            report::say(&format!("package: installed, used and removed, {} files", files.len()));
            Ok(())
        }
    }
}

/// Why the package is not to be installed here, if it is not.
fn hindrance() -> Option<String> {
    if !is_on_the_path("dpkg") {
        return Some("there is no dpkg here".to_owned());
    }
    match output(Command::new("id").arg("-u")) {
        Ok(user) if user.trim() == "0" => {}
        _ => return Some("only the superuser installs packages".to_owned()),
    }
    let known = Command::new("dpkg")
        .args(["--status", NAME])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    known
        .is_ok_and(|status| status.success())
        .then(|| "a package of this name is installed already, and stays as it is".to_owned())
}

/// Uses what was installed, and tells its files.
fn try_out() -> Outcome<Vec<PathBuf>> {
    let listed = output(Command::new("dpkg").args(["--listfiles", NAME]))?;
    let files: Vec<_> = listed.lines().map(PathBuf::from).filter(|path| path.is_file()).collect();
    let has = |end: &str| files.iter().any(|file| file.ends_with(end));
    let pages = [format!("man1/{NAME}.1.gz"), format!("man1/{NAME}-create.1.gz")];
    let completions =
        ["completions/filemap", "vendor-completions/_filemap", "vendor_completions.d/filemap.fish"];
    let library = ["lib/libfilemap.so", "filemap/filemap.h", "filemap/windows.h"];
    for end in pages.iter().map(String::as_str).chain(completions).chain(library) {
        if !has(end) && !is_left_out(end) {
            return Err(format!("the package has no {end}"));
        }
    }
    let version = output(Command::new("/usr/bin/filemap").arg("--version"))?;
    if version.trim() != format!("{NAME} {}", env!("CARGO_PKG_VERSION")) {
        return Err(format!("the installed command says that it is {}", version.trim()));
    }
    let held = ["create", "packaged", "--size", "4KiB", "--", "/usr/bin/filemap", "ls", "--json"];
    let names = tempfile::tempdir().map_err(|error| error.to_string())?;
    let told =
        output(Command::new("/usr/bin/filemap").args(held).env("FILEMAP_DIR", names.path()))?;
    if !told.contains("packaged") {
        return Err(format!("the installed command lists {told}"));
    }
    // The command finds the library, and lays it where runtimes look.
    let folder = names.path().join("app");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    output(Command::new("/usr/bin/filemap").args(["kernel32", "--install"]).arg(&folder))?;
    try_out_in_c(names.path())?;
    Ok(files)
}

/// Builds and runs a program for Windows with the installed header and library.
fn try_out_in_c(place: &Path) -> Outcome<()> {
    const SOURCE: &str = r#"
#include <windows.h>
int main(void) {
    HANDLE mapping = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    return view == NULL || view[0] != 0 || !UnmapViewOfFile(view) || !CloseHandle(mapping);
}
"#;
    if !is_on_the_path("cc") {
        report::say("package: not tried in C: there is no `cc` here");
        return Ok(());
    }
    let (source, program) = (place.join("program.c"), place.join("program"));
    fs::write(&source, SOURCE).map_err(|error| error.to_string())?;
    let mut compiler = Command::new("cc");
    compiler.args(["-I/usr/include/filemap", "-o"]).arg(&program).arg(&source).arg("-lfilemap");
    output(&mut compiler)?;
    output(&mut Command::new(&program)).map(drop)
}

/// Tells whether the machine is one that installs no manual, as small images of Debian are.
fn is_left_out(end: &str) -> bool {
    let excludes = |file: fs::DirEntry| {
        fs::read_to_string(file.path()).is_ok_and(|text| {
            text.lines().any(|line| line.starts_with("path-exclude=/usr/share/man"))
        })
    };
    end.starts_with("man1/")
        && fs::read_dir("/etc/dpkg/dpkg.cfg.d").is_ok_and(|files| files.flatten().any(excludes))
}

fn knows_deb() -> bool {
    command("cargo")
        .args(["deb", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn run_cargo(root: &Path, arguments: &[&str]) -> Outcome<()> {
    match command("cargo").args(arguments).current_dir(root).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("cargo {}", arguments.join(" "))),
        Err(error) => Err(format!("could not start cargo: {error}")),
    }
}

fn command(program: &str) -> Command {
    match env::var_os("CARGO") {
        Some(cargo) if program == "cargo" => Command::new(cargo),
        _ => Command::new(program),
    }
}

/// Runs a command, and tells what it printed.
fn output(command: &mut Command) -> Outcome<String> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("could not run {shown}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{shown} ended with {}: {}", output.status, complaint.trim()))
}
