//! `cargo xtask test --wine`: the tests of `filemap wine`, with the machine's Wine.

use crate::helper;
use crate::process::{self, output};
use crate::stop::{Done, about};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a program for Windows is compiled with.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

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

/// Prepares two prefixes, a game and the helper, and runs the tests.
pub(crate) fn run() -> Done {
    process::needs(&[("wine", "wine"), (COMPILER, "gcc-mingw-w64-x86-64")])?;
    let folder = process::target()?.join("wine");
    fs::create_dir_all(&folder)?;
    let built = helper::build()?;
    fs::copy(&built, folder.join(helper::NAME)).map_err(about(built.display()))?;
    let game = "crates/filemap-cli/tests/command/wine/game.c";
    output(Command::new(COMPILER).args(["-O1", "-o"]).arg(folder.join("game.exe")).arg(game))?;
    for prefix in ["prefix", "second"] {
        prepare(&folder.join(prefix))?;
    }
    let mut tests = process::cargo(TESTS);
    tests.args(["--", "--test-threads", "2"]);
    process::run(quiet(&mut tests).env("FILEMAP_TEST_WINE", &folder))
}

/// Makes a prefix, if it is not there.
fn prepare(prefix: &Path) -> Done {
    if prefix.join("system.reg").is_file() {
        return Ok(());
    }
    let mut boot = Command::new("wine");
    // Neither .NET nor HTML is asked for.
    boot.args(["wineboot", "--init"]).env("WINEDLLOVERRIDES", "mscoree=;mshtml=");
    output(quiet(&mut boot).env("WINEPREFIX", prefix))?;
    // Until all of it is written.
    output(Command::new("wineserver").arg("--wait").env("WINEPREFIX", prefix)).map(drop)
}

fn quiet(command: &mut Command) -> &mut Command {
    command.env("WINEDEBUG", "-all").env_remove("DISPLAY").env_remove("WINEPREFIX")
}
