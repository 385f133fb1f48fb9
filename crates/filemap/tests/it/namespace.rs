//! Second processes in namespaces of their own.

use std::env;
use std::process::{Command, Stdio};

use crate::support::{self, Place, Second};

/// Starts `test` in `role` as a second process in new namespaces of these `kinds`, such as
/// `--pid`, after the shell's words `first`, which are tried alone before.
///
/// The process has all privileges inside, and is killed with the process that is started here, so
/// that killing this one kills the first process of a new PID namespace. Returns `None` and prints
/// the reason where the system forbids it.
pub(crate) fn start(
    place: &Place,
    test: &str,
    role: &str,
    kinds: &[&str],
    first: &str,
) -> Option<Second> {
    // Not every shell replaces itself by its last command without `exec`.
    let words = format!("{first}\nexec \"$@\"");
    let mut reasons = String::new();
    if support::emulated() {
        println!("skipped: {test}: an emulator does not follow into namespaces");
        return None;
    }
    for more in [&[][..], &["--user", "--map-root-user"]] {
        let inside = |program: &Command| {
            let mut command = Command::new("unshare");
            command.args(more).args(kinds).args(["--fork", "--kill-child", "sh", "-ec", &words]);
            command.arg("sh").arg(program.get_program()).args(program.get_args());
            for (key, value) in program.get_envs() {
                command.env(key, value.unwrap_or_default());
            }
            command
        };
        let mut nothing = Command::new("true");
        nothing.env("FILEMAP_DIR", place.dir.path());
        match inside(&nothing).output() {
            Ok(output) if output.status.success() => {
                let mut command = inside(&place.command(test, role));
                command.stdin(Stdio::piped()).stdout(Stdio::piped());
                return Some(Second::start(command));
            }
            Ok(output) => reasons.push_str(&String::from_utf8_lossy(&output.stderr)),
            Err(error) => reasons.push_str(&error.to_string()),
        }
    }
    println!("skipped: no namespaces for {test}: {}", reasons.trim());
    None
}

/// Starts `test` in `role` as a third process, from a second one, in the place of the first.
pub(crate) fn third(test: &str, role: &str) -> Second {
    let unused = Place::new();
    let mut command = unused.command(test, role);
    command.env("FILEMAP_DIR", env::var_os("FILEMAP_DIR").expect("the first process says where"));
    Second::start(command)
}
