//! The arguments of `wine`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::quantity::interval;
use crate::size;
use crate::target::name;

/// Share names with games and other programs for Windows that run under Wine or Proton.
///
/// A name under Wine is the prefix's alone, and no native program can open it. `run` starts a game with
/// names that native programs have as well; `attach` does so with a game that runs already; `publish`
/// gives native names to programs for Windows. It is the same memory on both sides: nothing is copied.
#[derive(Debug, Args)]
#[command(after_help = WINE_EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Wine {
    #[command(subcommand)]
    pub(crate) verb: WineVerb,
}

const WINE_EXAMPLES: &str = "\
Examples:
  filemap wine run --map acpmf_physics=4KiB -- wine game.exe   start a game whose names are shared
  filemap wine run --game raceroom -- %command%                the same as a launch option of Steam
  filemap wine ls                                              the names of the programs that run";

#[derive(Debug, Subcommand)]
pub(crate) enum WineVerb {
    Run(WineRun),
    Attach(WineAttach),
    Mirror(WineMirror),
    Publish(WinePublish),
    Ls(WineLs),
    Learn(WineLearn),
    Profiles(WineProfiles),
}

/// Start a game, with names that native programs share.
///
/// The names exist before the game, which opens them in place of its own: whoever starts first, and
/// whatever a game does with its names, native programs see the same bytes. The names end with the game,
/// whose exit code becomes this one's. Between the words of COMMAND this puts a program of its own
/// before the game: the first word that ends in `.exe`, or the word after `wine`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wine run --map acpmf_physics=4KiB -- wine game.exe
  filemap wine run --map 'Global\\HWiNFO=64KiB' --posix -- wine sensors.exe
  filemap wine run --game assetto-corsa -- %command%      a launch option of Steam")]
pub(crate) struct WineRun {
    /// A profile, whose names the game has: `filemap wine profiles` lists them.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) game: Vec<String>,
    /// A name and its size. A game that wants more than that sees nothing; more than it wants does no
    /// harm, and takes memory only where it is written. It takes the place of a profile's.
    #[arg(long, value_name = "NAME=SIZE", value_parser = map)]
    pub(crate) map: Vec<Map>,
    /// Also put the memory into `/dev/shm`, under the name without its scope, for programs without this
    /// library.
    #[arg(long)]
    pub(crate) posix: bool,
    #[command(flatten)]
    pub(crate) helper: HelperArguments,
    /// The command that starts the game.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Share names of a game that runs already.
///
/// Native programs then open them as any other name, and see the game's own memory. This holds the names
/// until the game has ended, or Ctrl-C; then they are gone, and who has a view can tell
/// (`View::generation_changed`). A game that comes back is attached to anew.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wine attach acpmf_physics acpmf_graphics
  filemap wine attach --all 'acpmf_*'                every name like this
  filemap wine attach --game assetto-corsa           those names of the profile that are there
  filemap wine attach MumbleLink --prefix ~/game     in this prefix")]
pub(crate) struct WineAttach {
    /// The names, as the game calls them; upper and lower case differ.
    #[arg(value_name = "NAME", value_parser = name, required_unless_present_any = ["all", "game"])]
    pub(crate) names: Vec<String>,
    /// The names of a profile that the game has now.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) game: Vec<String>,
    /// All names like this: `*` is any text, `?` any sign.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) all: Option<String>,
    #[command(flatten)]
    pub(crate) at: At,
}

/// Copy a name of a game that runs already, again and again.
///
/// For programs that must find the memory in a file of their own, and for games whose memory nobody else
/// may touch: `attach` needs no copy, and is what else to use. A copy is as old as the period, may be torn,
/// as it does not know how the game writes, and what is written to it does not reach the game. It ends
/// with the game, or with Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wine mirror acpmf_physics --posix          into /dev/shm/acpmf_physics
  filemap wine mirror acpmf_physics --as copy --every 16ms")]
pub(crate) struct WineMirror {
    /// The name, as the game calls it; upper and lower case differ.
    #[arg(value_parser = name)]
    pub(crate) name: String,
    /// The native name of the copy; otherwise the same one.
    #[arg(long = "as", value_name = "NAME", value_parser = name)]
    pub(crate) native: Option<String>,
    /// Also put the copy into `/dev/shm`, under the name without its scope, for programs without this
    /// library.
    #[arg(long)]
    pub(crate) posix: bool,
    /// How often it is copied.
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = interval, allow_hyphen_values = true)]
    pub(crate) every: humantime::Duration,
    #[command(flatten)]
    pub(crate) at: At,
}

/// Give native names to programs for Windows.
///
/// For trackers, bridges and other native programs that publish what a program under Wine reads. The names
/// are there until Ctrl-C, or SIGTERM; a program that has one open keeps it. Start this before the program
/// that looks for the names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wine publish MumbleLink
  filemap wine publish FT_SharedMem --read-only     programs for Windows may not write it")]
pub(crate) struct WinePublish {
    /// The names, which exist natively.
    #[arg(value_name = "NAME", value_parser = name, required = true)]
    pub(crate) names: Vec<String>,
    /// Refuse to let programs for Windows write.
    #[arg(long)]
    pub(crate) read_only: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// Print the command that shares the names of the game that runs now, from its start on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wine learn                  while the game runs; prints `filemap wine run --map ...`
  filemap wine learn --write mygame   writes a profile, for `filemap wine run --game mygame`")]
pub(crate) struct WineLearn {
    /// Write the names as a profile: one of your own with this name, or a file, whose path has a `/`.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) write: Option<String>,
    /// Write over a profile that exists.
    #[arg(long, requires = "write")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// List the profiles of games, or show one.
///
/// A profile has the names and sizes of a game, for `--game` of `run` and `attach`. Some are in this
/// command. Your own are files in `~/.config/filemap/profiles`, and take the place of those of the same
/// name; the path of a file is a profile as well.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wine profiles
  filemap wine profiles raceroom")]
pub(crate) struct WineProfiles {
    /// The profile to show.
    pub(crate) profile: Option<String>,
}

/// Hand the memory that is standard input to `filemap wine attach`, which starts this inside Wine.
#[derive(Debug, Args)]
pub(crate) struct WineReceiver {
    pub(crate) number: u32,
    pub(crate) socket: PathBuf,
}

/// List the names that programs for Windows have.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wine ls                    of the prefix that runs
  filemap wine ls --prefix ~/.wine   of this one")]
pub(crate) struct WineLs {
    #[command(flatten)]
    pub(crate) at: At,
}

/// Which prefix and which Wine.
#[derive(Debug, Args)]
pub(crate) struct At {
    /// The prefix; otherwise that of `WINEPREFIX`, or the one in which programs run.
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: Option<PathBuf>,
    /// The program `wine`; otherwise the one that runs in the prefix.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) wine: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) helper: HelperArguments,
}

/// Which helper.
#[derive(Debug, Args)]
pub(crate) struct HelperArguments {
    /// The program that is started inside Wine, if it is not the one in this command, or
    /// `filemap-wine.exe` beside it.
    #[arg(long, value_name = "PATH")]
    pub(crate) helper: Option<PathBuf>,
}

/// A name and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) name: String,
    pub(crate) size: u64,
}

fn map(word: &str) -> Result<Map, String> {
    // A name may have the sign, and a size has none.
    let (before, after) =
        word.rsplit_once('=').ok_or("expected a name and a size, such as acpmf_physics=4KiB")?;
    let Ok(name) = name(before);
    let size = size::parse(after)?;
    if size == 0 {
        return Err("expected a size of at least a byte".to_owned());
    }
    Ok(Map { name, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_a_name_and_a_size_behind_the_last_sign() {
        let map = |word| map(word).map(|Map { name, size }| (name, size));

        assert_eq!(map("a=4KiB"), Ok(("a".to_owned(), 4096)));
        assert_eq!(map("Local/a=b=1"), Ok(("Local\\a=b".to_owned(), 1)));
        for word in ["a", "a=", "a=0", "a=b"] {
            assert!(map(word).is_err(), "{word}");
        }
    }
}
