//! Values of your own types, stored in a file and read back, or refused with a reason.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use filemap::{MappedFile, PositionedIo};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Player {
    name: String,
    scores: Vec<u32>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let file = MappedFile::open(place.path().join("players"))?;
    let players = ["Ada", "Grace"].map(|name| Player { name: name.into(), scores: vec![7, 40] });

    let mut offsets = Vec::new();
    let mut end = 3; // any offset will do
    for player in &players {
        offsets.push(end);
        println!("{} will take {} bytes at {end}", player.name, file.object_size(player)?);
        end += file.write_object(end, player)?;
    }
    offsets.push(4); // where no object begins
    for offset in &offsets {
        match file.read_object::<Player>(*offset) {
            Ok(player) => println!("at {offset}: {player:?}"),
            Err(error) => println!("at {offset}: {error}"),
        }
    }

    file.write_all_at(b"!", end - 1)?; // the last byte of the last player
    if let Err(error) = file.read_object::<Player>(offsets[1]) {
        println!("then at {}: {error}", offsets[1]);
    }
    Ok(())
}
