//! Names and views that come and go, beside bare system calls.

use std::hint::black_box;
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use tempfile::TempDir;

use super::LIBRARY;
use super::library::{Access, FileMapping, Protection, Registry};
use crate::harness::{Bar, Effort, Row, Side, each, timed};
use crate::scene::{Medium, Scene};
use crate::second::{READY, Second};
use crate::{Result, report, shm};

/// Bytes of each object.
const LEN: u64 = 4096;

/// How many names other processes hold.
const CROWDS: [usize; 2] = [1, 1000];

/// What a name that is gone with its last holder may cost.
const NAMED: Bar = Bar::Ratio(2.0);

pub(crate) fn rows(scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let mut rows = Vec::new();
    for count in CROWDS {
        let crowd = Rc::new(Crowd::new(scene, count)?);
        rows.push(Row {
            name: format!("create, map, unmap and close a name, {count} held elsewhere"),
            beside: "`shm_open`, `ftruncate`, `mmap`, `munmap`, `close`, `shm_unlink`",
            bar: NAMED,
            contestant: create(Rc::clone(&crowd), effort.names, |crowd| {
                let options = FileMapping::options().registry(&crowd.registry);
                let mapping = options.name(name(crowd.count).as_str()).size(LEN).create()?;
                black_box(mapping.map(Access::Write)?);
                Ok(())
            }),
            base: create(Rc::clone(&crowd), effort.names, |crowd| {
                Ok(shm::cycle_new(&bare_name(&crowd.family, crowd.count), LEN)?)
            }),
        });
        rows.push(Row {
            name: format!("open, map, unmap and close a name, {count} held elsewhere"),
            beside: "`shm_open`, `fstat`, `mmap`, `munmap`, `close`",
            bar: NAMED,
            contestant: open(Rc::clone(&crowd), effort.names, name, |crowd, name| {
                black_box(crowd.registry.open(name)?.map(Access::Write)?);
                Ok(())
            }),
            base: {
                let family = crowd.family.clone();
                let name = move |number| bare_name(&family, number);
                open(crowd, effort.names, name, |_, name| Ok(shm::cycle_there(name)?))
            },
        });
    }
    let mapping = Rc::new(FileMapping::create(1 << 20, Protection::ReadWrite)?);
    let bare = Rc::clone(&mapping);
    let count = 10 * effort.names;
    rows.push(Row {
        name: "map and unmap a view of 64 KiB".to_owned(),
        beside: "`mmap` and `munmap`",
        bar: Bar::Ratio(1.5),
        contestant: Box::new(move || {
            let mapping = Rc::clone(&mapping);
            Ok(Box::new(move |_| {
                timed(count, || {
                    black_box(mapping.map_range(Access::Write, ..65536)?);
                    Ok(())
                })
            }))
        }),
        base: Box::new(move || {
            let bare = Rc::clone(&bare);
            Ok(Box::new(move |_| {
                timed(count, || Ok(shm::map_and_unmap(bare.as_fd(), 65536, |_| {})?))
            }))
        }),
    });
    Ok(rows)
}

/// A registry whose names another process holds, and as many made by bare calls.
#[derive(Debug)]
struct Crowd {
    count: usize,
    registry: Registry,
    family: String,
    /// Gone before its folder is.
    _holder: Second,
    _folder: TempDir,
}

impl Crowd {
    fn new(scene: &Scene, count: usize) -> Result<Self> {
        let folder = tempfile::tempdir_in(scene.folder(Medium::Memory))?;
        let family = format!("/filemap-bench-{LIBRARY}-{}-{count}", std::process::id());
        let (number, path) = (count.to_string(), folder.path().as_os_str());
        let arguments = ["hold".as_ref(), LIBRARY.as_ref(), path, number.as_ref(), family.as_ref()];
        let holder = Second::start(&arguments)?;
        let registry = Registry::at(folder.path());
        Ok(Self { count, registry, family, _holder: holder, _folder: folder })
    }
}

fn name(number: usize) -> String {
    format!("bench-{number}")
}

fn bare_name(family: &str, number: usize) -> String {
    format!("{family}-{number}")
}

/// Holds the names of a crowd until the input ends.
pub(crate) fn hold(folder: &Path, count: usize, family: &str) -> Result<()> {
    // A name may take more than one descriptor.
    shm::raise_file_limit()?;
    let registry = Registry::at(folder);
    let mut held = Vec::new();
    let mut bare = Vec::new();
    for number in 0..count {
        let options = FileMapping::options().registry(&registry).name(name(number).as_str());
        held.push(options.size(LEN).create_new()?);
        bare.push(shm::Name::create(bare_name(family, number), LEN)?);
    }
    report::say(READY);
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Creates a name that nobody has, and lets it go.
fn create<'a>(
    crowd: Rc<Crowd>,
    count: usize,
    cycle: impl Fn(&Crowd) -> Result<()> + Copy + 'static,
) -> Side<'a> {
    Box::new(move || {
        let crowd = Rc::clone(&crowd);
        Ok(Box::new(move |_| timed(count, || cycle(&crowd))))
    })
}

/// Opens names of the crowd, drawn by lot.
fn open<'a>(
    crowd: Rc<Crowd>,
    count: usize,
    name: impl Fn(usize) -> String + Clone + 'static,
    cycle: impl Fn(&Crowd, &str) -> Result<()> + Copy + 'static,
) -> Side<'a> {
    Box::new(move || {
        let (crowd, name) = (Rc::clone(&crowd), name.clone());
        Ok(Box::new(move |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            let names: Vec<String> =
                (0..count).map(|_| name(random.usize(..crowd.count))).collect();
            let start = Instant::now();
            for name in &names {
                cycle(&crowd, name)?;
            }
            Ok(each(start.elapsed(), count))
        }))
    })
}
