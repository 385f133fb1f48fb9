//! `cargo xtask test --wine`: the tests of `filemap wine`, with the machine's Wine.

use crate::helper;
use crate::process::{self, cargo, output};
use crate::stop::{Done, about};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program for Windows is compiled with.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// An ordinary user, whom no machine knows.
const USER: &str = "54321";

const TESTS: [&str; 8] = [
    "test",
    "--quiet",
    "--package",
    "filemap-cli",
    "--all-features",
    "--test",
    "command",
    "wine::",
];

/// Prepares more prefixes and the package for Python, and runs the tests.
pub(crate) fn run() -> Done {
    process::needs(&[("python3", "python3"), ("setpriv", "util-linux")])?;
    let folder = stage()?;
    prepare(&folder.join("second"), &[])?;
    prepare_user(&folder.join("user"))?;
    python(&folder.join("python/filemap"))?;
    let mut tests = cargo(TESTS);
    tests.args(["--", "--test-threads", "2"]);
    process::run(quiet(&mut tests).env("FILEMAP_TEST_WINE", &folder))
}

/// Measures names that programs under Wine share, with packaged code.
pub(crate) fn bench() -> Done {
    let folder = stage()?;
    // The profile of what is packaged.
    process::run(&mut cargo(["build", "--quiet", "--release", "--package", "filemap-cli"]))?;
    let measure =
        ["run", "--quiet", "--release", "--package", "filemap-bench", "--example", "wine"];
    let mut measure = cargo(measure);
    measure.arg("--").arg(process::target()?.join("release/filemap"));
    measure.args([helper::NAME, "prefix", "game.exe"].map(|name| folder.join(name)));
    process::run(quiet(&mut measure))
}

/// Prepares a prefix, a game and the helper, and returns their folder.
fn stage() -> Done<PathBuf> {
    process::needs(&[("wine", "wine"), (COMPILER, "gcc-mingw-w64-x86-64")])?;
    let folder = process::target()?.join("wine");
    fs::create_dir_all(&folder)?;
    let built = helper::build()?;
    fs::copy(&built, folder.join(helper::NAME)).map_err(about(built.display()))?;
    let game = "crates/filemap-cli/tests/command/wine/game.c";
    output(Command::new(COMPILER).args(["-O1", "-o"]).arg(folder.join("game.exe")).arg(game))?;
    prepare(&folder.join("prefix"), &[])?;
    Ok(folder)
}

/// Makes a prefix, if it is not there. `words` are those before a command.
fn prepare(prefix: &Path, words: &[&str]) -> Done {
    if prefix.join("system.reg").is_file() {
        return Ok(());
    }
    let command = |program: &str, verb: &[&str]| {
        let mut all = words.iter().copied().chain([program]).chain(verb.iter().copied());
        let mut command = Command::new(all.next().unwrap_or(program));
        quiet(command.args(all)).env("WINEPREFIX", prefix);
        if !words.is_empty() {
            command.env("HOME", prefix.parent().unwrap_or(prefix));
        }
        // Neither .NET nor HTML is asked for.
        command.env("WINEDLLOVERRIDES", "mscoree=;mshtml=");
        command
    };
    output(&mut command("wine", &["wineboot", "--init"]))?;
    // Until all of it is written.
    output(&mut command("wineserver", &["--wait"])).map(drop)
}

/// Makes a home with a prefix of an ordinary user, who is the one of this process if that is one.
fn prepare_user(home: &Path) -> Done {
    fs::create_dir_all(home)?;
    let is_root = output(Command::new("id").arg("-u"))?.trim() == "0";
    let setpriv = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"];
    if is_root {
        output(Command::new("chown").arg(format!("{USER}:{USER}")).arg(home))?;
    }
    prepare(&home.join("prefix"), if is_root { &setpriv } else { &[] })
}

/// Builds the package for Python into a folder, without the tools that make wheels of it.
fn python(package: &Path) -> Done {
    let target = process::target()?.join("python");
    let manifest = "bindings/python/Cargo.toml";
    let mut build =
        cargo(["build", "--quiet", "--locked", "--release", "--manifest-path", manifest]);
    // For whichever interpreter loads it, as maturin builds it.
    build.arg("--target-dir").arg(&target).env("PYO3_BUILD_EXTENSION_MODULE", "1");
    process::run(&mut build)?;
    fs::create_dir_all(package)?;
    for file in fs::read_dir("bindings/python/python/filemap")? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::copy(file.path(), package.join(file.file_name()))?;
        }
    }
    let module = package.join("_filemap.abi3.so");
    fs::copy(target.join("release/lib_filemap.so"), &module).map_err(about(module.display()))?;
    Ok(())
}

fn quiet(command: &mut Command) -> &mut Command {
    command.env("WINEDEBUG", "-all").env_remove("DISPLAY").env_remove("WINEPREFIX")
}
