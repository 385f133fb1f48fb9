//! What a page may allow in a view.

use filemap::{Access, PageAccess};

/// The table of `docs/semantics.md`: what the pages of each view may allow.
#[test]
fn each_view_lets_its_pages_have_what_the_table_says() {
    use PageAccess::{Copy, Execute, ExecuteCopy, ExecuteRead, NoAccess, Read, Write};
    let reading: &[_] = &[NoAccess, Read, Copy];
    let running: &[_] = &[NoAccess, Read, Copy, Execute, ExecuteRead, ExecuteCopy];
    let expected: [(Access, &[PageAccess]); 7] = [
        (Access::NoAccess, &[NoAccess]),
        (Access::Read, reading),
        (Access::Copy, reading),
        (Access::Write, &[NoAccess, Read, Write, Copy]),
        (Access::ExecuteRead, running),
        (Access::ExecuteCopy, running),
        (Access::ExecuteWrite, &PageAccess::ALL),
    ];

    for (view, pages) in expected {
        for page in PageAccess::ALL {
            assert_eq!(page.is_within(view), pages.contains(&page), "{page} in {view}");
        }
    }
}
