//! What the bytes of shared memory mean: fields by path, typed values, and snapshots that are whole.
//!
//! A [`Layout`] says which field has which bytes. It is made of words ([`Layout::from_words`]) or read
//! from a TOML document ([`Layout::from_toml`]); with the feature `headers`, a `Header` of C or C++
//! has those of its structs. A [`Snapshot`] has the bytes of one moment, copied
//! from a view of the library; [`Versions`] says whether the program that writes them was in the
//! middle of it.
//!
//! ```
//! use filemap::{Access, FileMapping, PositionedIo};
//! use filemap_layout::{Layout, Value};
//!
//! let layout = Layout::from_words("time:f64 rpm:f32 name:char[16]")?;
//! let mapping = FileMapping::options().size(layout.size()).create()?;
//! let view = mapping.map(Access::Write)?;
//! view.write_all_at(&8500f32.to_le_bytes(), 8)?;
//!
//! let snapshot = layout.look(&view, None)?;
//! assert_eq!(snapshot.value("rpm")?, Value::Float32(8500.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod number;
mod value;
mod names;
mod path;
mod kind;
mod coding;
mod leaf;
mod section;
mod layout;
mod words;
mod toml;
mod versions;
mod snapshot;
mod tree;
mod glob;
mod spelling;
mod bits;
mod ros1;
#[cfg(feature = "headers")]
mod header;

pub use self::error::{Error, Result};
pub use self::glob::Glob;
#[cfg(feature = "headers")]
pub use self::header::{Abi, Header, HeaderOptions};
pub use self::kind::{Field, Fields, Kind};
pub use self::layout::Layout;
pub use self::leaf::{Leaf, Leaves};
pub use self::names::Names;
pub use self::number::{Number, Order};
pub use self::path::{Path, Step};
pub use self::section::{Extent, Row, Rows, Section};
pub use self::snapshot::Snapshot;
pub use self::tree::Tree;
pub use self::value::Value;
pub use self::versions::{Counter, Versions};

/// The code in `docs/layouts.md`.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/layouts.md")]
struct Layouts;
