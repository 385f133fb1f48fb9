//! Pages of a view that were copied, where the system does not tell which.

use filemap::{Access, FileMapping, PageAccess, PositionedIo, page_size};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::{Outcome, Place, alone};

#[test]
fn bytes_of_a_copied_page_stay_where_the_system_does_not_tell_that_it_was_copied() -> Outcome {
    const TEST: &str = "copied_pages::bytes_of_a_copied_page_stay_where_the_system_does_not_tell_that_it_was_copied";
    alone(TEST, |_| {
        let place = Place::new();
        let file = place.file("file", &vec![b'f'; 2 * page_size()]);
        let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
        view.protect(.., PageAccess::Copy)?;
        view.write_all_at(b"own", 10)?;
        let limit = getrlimit(Resource::Nofile);
        // `/proc/self/pagemap` cannot be opened then.
        setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..limit }).expect("it can be less");

        view.protect(.., PageAccess::Write)?;

        setrlimit(Resource::Nofile, limit).expect("it can be as it was");
        let mut seen = [0; 3];
        view.read_exact_at(&mut seen, 10)?;
        assert_eq!(&seen, b"own");
        Ok(())
    })?;
    Ok(())
}
