//! Layouts out of headers of C and C++.

mod abi;
mod bits;
mod kinds;
mod library;
mod options;
mod parse;
mod prelude;
mod probes;
mod read;
mod records;
mod source;
mod units;

pub use self::abi::Abi;
pub use self::options::HeaderOptions;
pub use self::read::Header;
