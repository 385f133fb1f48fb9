//! What the helper could not do, as a sentence with what to do about it.

use filemap::ErrorKind;

use super::field::Line;
use crate::failure::{Failure, Result};
use crate::output::Printable;

/// Fails if a line of the helper says that it could not do something.
///
/// `game` is what was started, where something was.
pub(super) fn check(line: &Line, game: &str) -> Result<()> {
    let name = Printable(line.text(1));
    let message = match line.word() {
        "late" => format!(
            "could not share `{name}`: a program in the prefix has made it already; end that \
             program, or use `filemap wine attach {name}`"
        ),
        "refused" => {
            let why = code(line.number(3));
            match line.text(2) {
                "open" => format!(
                    "could not share `{name}`: Wine cannot open its memory: {why}; a container may \
                     have a `/dev/shm` of its own"
                ),
                _ => format!("could not share `{name}`: Wine does not name it: {why}"),
            }
        }
        "missing" => {
            return Err(Failure::no_as(
                ErrorKind::NotFound,
                format!(
                    "could not attach to `{name}`: no program in the prefix has that name; \
                     `filemap wine ls` lists those there are, and upper and lower case differ"
                ),
            ));
        }
        "unhanded" => {
            let why = code(line.number(2));
            format!(
                "could not attach to `{name}`: Wine cannot start this command: {why}; it must be \
                 where the prefix, or its container, can see and run it"
            )
        }
        "unstarted" => {
            let why = line.number(1);
            let message = format!("could not start `{}`: {}", Printable(game), code(why));
            // As shells report it: 127 for a command that is not there, 126 for one that does not run.
            let exit = if is_missing(why) { 127 } else { 126 };
            return Err(Failure::ended(exit, message));
        }
        "untold" => {
            let why = code(line.number(1));
            format!(
                "could not tell the helper what to do: Wine cannot read its file: {why}; a container \
                 may not have your home folder"
            )
        }
        _ => return Ok(()),
    };
    Err(Failure::broken(message))
}

/// Returns whether a code of Windows says that there is no such file.
fn is_missing(code: u32) -> bool {
    matches!(code, 2 | 3)
}

/// What a code of Windows means here.
pub(super) fn code(code: u32) -> String {
    match code {
        _ if is_missing(code) => "it is not found".to_owned(),
        5 => "access is denied".to_owned(),
        8 | 14 | 1455 => "there is not enough memory".to_owned(),
        32 => "another program has it for itself".to_owned(),
        193 => "it is no program for Windows".to_owned(),
        _ => format!("Windows' error {code}"),
    }
}
