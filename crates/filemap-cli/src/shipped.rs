//! Layouts that are in this command, and the user's own: those that need no path.

use std::io;
use std::path::PathBuf;

use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::own;
use crate::text;

/// The layouts in this command, by the names of their files.
const SHIPPED: [(&str, &str); 12] = [
    ("assetto-corsa-graphics.toml", include_str!("../layouts/assetto-corsa-graphics.toml")),
    ("assetto-corsa-physics.toml", include_str!("../layouts/assetto-corsa-physics.toml")),
    ("assetto-corsa-static.toml", include_str!("../layouts/assetto-corsa-static.toml")),
    ("freetrack.toml", include_str!("../layouts/freetrack.toml")),
    ("hwinfo.toml", include_str!("../layouts/hwinfo.toml")),
    ("iracing.toml", include_str!("../layouts/iracing.toml")),
    ("msi-afterburner.toml", include_str!("../layouts/msi-afterburner.toml")),
    ("mumble.toml", include_str!("../layouts/mumble.toml")),
    ("project-cars-2.toml", include_str!("../layouts/project-cars-2.toml")),
    ("raceroom.toml", include_str!("../layouts/raceroom.toml")),
    ("rfactor2-telemetry.toml", include_str!("../layouts/rfactor2-telemetry.toml")),
    ("rtss.toml", include_str!("../layouts/rtss.toml")),
];

/// Returns where the user's own layout of this name would be.
pub(crate) fn own_path(name: &str) -> Option<PathBuf> {
    Some(own::folder("layouts").ok()?.join(name))
}

/// Returns the text of a layout of this name: one of the user's own, or one in this command.
///
/// # Errors
///
/// If there is none, with the names of those there are; if the user's own cannot be read.
pub(crate) fn text_of(name: &str) -> Result<String> {
    if let Some(path) = own_path(name) {
        match text::read(&path) {
            Ok(text) => return Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let (path, why) = (path.to_string_lossy(), Why(&error));
                let path = Printable(&path);
                return Err(Failure::broken(format!("could not read the layout `{path}`: {why}")));
            }
        }
    }
    match SHIPPED.iter().find(|(its, _)| *its == name) {
        Some((_, text)) => Ok((*text).to_owned()),
        None => {
            let names: Vec<_> = SHIPPED.iter().map(|(name, _)| *name).collect();
            Err(Failure::broken(format!(
                "could not read the layout `{}`: it does not exist, and this command has {}",
                Printable(name),
                names.join(", ")
            )))
        }
    }
}
