//! `filemap wine` with a real Wine: `cargo xtask test --wine` prepares prefixes and a game, and runs
//! these.

mod world;
mod run;
mod ls;
mod attach;
mod mirror;
mod publish;
mod profiles;
mod refusals;
mod readers;
mod surroundings;
