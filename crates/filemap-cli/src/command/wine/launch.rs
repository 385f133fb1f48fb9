//! Where in the words of a command the game is: `wine game.exe`, or what Steam starts.

use std::ffi::OsString;
use std::path::Path;

/// Returns the index of the game among the words of a command.
///
/// Steam's command has some programs around Proton, and then `waitforexitandrun`, the game, and the
/// game's own words; the first word that ends in `.exe` is the game. A game without this end follows
/// a program that is called `wine`, or Proton's verb.
pub(super) fn game(command: &[OsString]) -> Option<usize> {
    let is_program = |word: &OsString| {
        let end = Path::new(word).extension();
        // A path of Windows has no such end for Linux if a backslash is before the last dot.
        end.is_some_and(|end| end.eq_ignore_ascii_case("exe"))
    };
    if let Some(at) = command.iter().skip(1).position(is_program) {
        return Some(at + 1);
    }
    let starts = |word: &OsString| {
        let name = Path::new(word).file_name().unwrap_or_default().to_string_lossy();
        matches!(&*name, "wine" | "wine64" | "waitforexitandrun" | "run")
    };
    let after = command.iter().position(starts)? + 1;
    let is_word = command.get(after).is_some_and(|word| !word.to_string_lossy().starts_with('-'));
    is_word.then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &str) -> Option<String> {
        let words: Vec<_> = words.split('|').map(OsString::from).collect();
        game(&words).map(|at| words[at].to_string_lossy().into_owned())
    }

    #[test]
    fn the_game_is_found_behind_wine_and_among_the_words_of_steam() {
        for (words, game) in [
            ("wine|game.exe|-x", Some("game.exe")),
            ("/opt/wine/bin/wine64|C:\\Games\\A B.EXE", Some("C:\\Games\\A B.EXE")),
            ("env|A=b|wine|game", Some("game")),
            (
                "/s/reaper|SteamLaunch|AppId=1|--|/s/_v2-entry-point|--verb=waitforexitandrun|--|\
                 /s/Proton 9/proton|waitforexitandrun|/s/common/A/acs.exe|-arg.exe",
                Some("/s/common/A/acs.exe"),
            ),
            ("proton|waitforexitandrun|/s/game", Some("/s/game")),
            ("native-game", None),
            ("wine|--version", None),
            ("wine", None),
        ] {
            assert_eq!(found(words).as_deref(), game, "{words}");
        }
    }
}
