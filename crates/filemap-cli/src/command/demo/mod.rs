//! `filemap demo`: two processes share a file by name, and every step is checked.

mod content;
mod story;
mod partner;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::ExitStatus;

use filemap::{Error, ErrorKind, Flush, MappedFile, PositionedIo, Registry};

use self::content::Findings;
use self::partner::{Partner, Said, Visit};
use self::story::{Story, interrupted, unfinished};
use super::Context;
use crate::args::{DemoPartner, Role};
use crate::failure::Result;
use crate::interruption::Interruption;
use crate::size::{Grouped, Readable};
use crate::sys;

/// The offset of the visitor's line: past 4 GiB, and unaligned.
const GREETING_AT: u64 = (4 << 30) + 12_345;
/// The offset of the visitor's object, unaligned too.
const VISIT_AT: u64 = (4 << 30) + 70_001;

/// Runs the demonstration, and fails at the first claim that does not hold.
pub(super) fn run(context: &Context<'_>) -> Result<()> {
    // Ctrl-C ends the partners as well; this process notices that, and cleans up.
    let interruption = Interruption::listen()?;
    let mut story = Story::new(context.output, interruption.clone());
    let outcome = tell(context, &mut story).map_err(|failure| {
        if interruption.is_there() { interrupted(&interruption) } else { failure }
    });
    story.end(&outcome)?;
    outcome
}

/// Runs another process of the demonstration.
pub(super) fn partner(context: &Context<'_>, partner: &DemoPartner) -> Result<()> {
    partner::play(context, partner)
}

fn tell(context: &Context<'_>, story: &mut Story) -> Result<()> {
    story.tell("Two processes, one file, and nothing between them but a name.\n")?;
    let directory =
        tempfile::Builder::new().prefix("filemap-demo-").tempdir().map_err(|error| {
            unfinished(&format!("no temporary directory could be created: {error}"))
        })?;
    let path = directory.path().join("lighthouse.bin");
    let name = format!("filemap-demo-{}", std::process::id());

    let visitor = share(context, story, &path, &name)?;
    read_ordinarily(story, &path, &visitor)?;
    let name = format!("{name}-crash");
    let outcome = outlive_a_crash(context, story, &name);
    if outcome.is_err() {
        // Opening a dead name frees its entry.
        drop(context.registry.open(&name));
    }
    outcome?;

    let place = directory.path().to_owned();
    let removed = directory.close();
    story.check(
        "The temporary directory is removed, and nothing is left behind.",
        removed.is_ok() && !place.exists(),
        || format!("{} is still there", place.display()),
    )
}

/// What the visitor has written, for the check of the file.
struct Left {
    greeting: String,
    object_size: u64,
    /// A text within the object.
    first_line: String,
}

/// Shares the file with a second process by name, until both have released it.
fn share(context: &Context<'_>, story: &mut Story, path: &Path, name: &str) -> Result<Left> {
    let content = content::make();
    let expected = Findings::of(&content).map_err(|why| unfinished(&why))?;
    story.succeeds(
        |()| {
            format!(
                "Made {}: {} bytes, a text of {} lines, a picture, checksum {:08x}.",
                path.display(),
                Grouped(expected.bytes),
                expected.lines,
                expected.checksum
            )
        },
        "A file of real content is made.",
        fs::write(path, &content),
    )?;
    let file = story.succeeds(
        |_| format!("Mapped it under the name `{name}`."),
        "The file is mapped under a name.",
        MappedFile::options().registry(&context.registry).name(name).open(path),
    )?;
    let partner = story.succeeds(
        |partner: &Partner| {
            format!("Started process {}, which is told the name and nothing else.", partner.id())
        },
        "A second process starts.",
        Partner::start(context, Role::Visit, name),
    )?;
    let left = watch_the_visit(story, &file, &partner, expected)?;
    let registry = &context.registry;
    let_go(registry, story, file, partner, name)?;
    name_is_gone(registry, story, name, "The name is gone")?;
    Ok(left)
}

/// Lets the second process read, write and store, and checks that this one sees it.
fn watch_the_visit(
    story: &mut Story,
    file: &MappedFile,
    partner: &Partner,
    expected: Findings,
) -> Result<Left> {
    let findings = match partner.listen() {
        Ok(Said::Read(findings)) => findings,
        other => return refuted(story, "It read the content by its name.", other),
    };
    story.check(
        format!(
            "It read \"{}\": {} bytes, checksum {:08x}, all as it was written.",
            findings.first_line,
            Grouped(findings.bytes),
            findings.checksum
        ),
        findings == expected,
        || format!("{expected:?} was written"),
    )?;
    let greeting = match partner.listen() {
        Ok(Said::Wrote { greeting }) => greeting,
        other => return refuted(story, "It wrote past 4 GiB.", other),
    };
    story.claim(format!(
        "It wrote {} bytes at offset {}, past 4 GiB and on no boundary.",
        greeting.len(),
        Grouped(GREETING_AT)
    ))?;
    let object_size = match partner.listen() {
        Ok(Said::Stored { size }) => size,
        other => return refuted(story, "It stored an object.", other),
    };
    story.claim(format!(
        "It stored an object of {object_size} bytes at offset {}.",
        Grouped(VISIT_AT)
    ))?;

    // It still has the file open, and waits for a line of input.
    let mut seen = vec![0; greeting.len()];
    let read = file.read_exact_at(&mut seen, GREETING_AT);
    story.check(
        format!("This process sees those bytes at once: \"{greeting}\""),
        read.is_ok() && seen == greeting.as_bytes(),
        || match read {
            Ok(()) => format!("it sees {:?}", String::from_utf8_lossy(&seen)),
            Err(error) => error.to_string(),
        },
    )?;
    let visit: Visit = story.succeeds(
        |visit| format!("And the object: {visit}."),
        "This process sees the object.",
        file.read_object(VISIT_AT),
    )?;
    story.check(
        "The object is what the other process found out by itself.",
        visit.findings == expected && visit.visitor == partner.id(),
        || format!("it is {visit:?}"),
    )?;
    Ok(Left { greeting, object_size, first_line: expected.first_line })
}

/// Releases the name in this process first, and then in the other one.
fn let_go(
    registry: &Registry,
    story: &mut Story,
    file: MappedFile,
    mut partner: Partner,
    name: &str,
) -> Result<()> {
    story.succeeds(
        |()| "Flushed: bytes and length would survive a loss of power now.".to_owned(),
        "The file is flushed.",
        file.flush(Flush::Durable),
    )?;
    story.succeeds(
        |()| "Closed the mapping here.".to_owned(),
        "The mapping is closed.",
        file.close(),
    )?;
    story.succeeds(
        |()| "The name lives on, for the second process still holds it.".to_owned(),
        "The name lives as long as the second process holds it.",
        MappedFile::options().registry(registry).open_by_name(name).and_then(MappedFile::close),
    )?;
    let status = partner.let_go();
    story.check(
        "The second process let go as well, and ended.",
        status.as_ref().is_ok_and(ExitStatus::success),
        || told(status),
    )
}

/// Checks the file by ordinary calls, which find everything in it.
fn read_ordinarily(story: &mut Story, path: &Path, left: &Left) -> Result<()> {
    let found = ordinary_bytes(path, GREETING_AT, left.greeting.len());
    story.check(
        "Ordinary file reading finds the line in the file.",
        found.as_ref().is_ok_and(|bytes| bytes == left.greeting.as_bytes()),
        || match found {
            Ok(bytes) => format!("it finds {:?}", String::from_utf8_lossy(&bytes)),
            Err(error) => error.to_string(),
        },
    )?;
    let size = usize::try_from(left.object_size).unwrap_or(0);
    let found = ordinary_bytes(path, VISIT_AT, size);
    let first_line = left.first_line.as_bytes();
    story.check(
        "And the object's bytes, with the first line of the text among them.",
        found
            .as_ref()
            .is_ok_and(|bytes| bytes.windows(first_line.len()).any(|window| window == first_line)),
        || format!("{found:?}"),
    )?;
    let metadata = fs::metadata(path).map_err(|error| unfinished(&error.to_string()))?;
    let end = VISIT_AT + left.object_size;
    story.check(
        format!("The file ends where the object does, at {}.", Grouped(end)),
        metadata.len() == end,
        || format!("it is {} bytes long", Grouped(metadata.len())),
    )?;
    let on_disk = sys::size_on_disk(path).map_err(|error| unfinished(&error.to_string()))?;
    // A file system without holes takes more space, which is no failure.
    story.tell(&format!(
        "    Length {}, on disk {}: {}.",
        Readable(metadata.len()),
        Readable(on_disk),
        if on_disk < metadata.len() / 2 {
            "what nobody wrote takes no room"
        } else {
            "this file system keeps no holes"
        }
    ))
}

/// Kills the only process that holds a name, and checks that the name is gone.
fn outlive_a_crash(context: &Context<'_>, story: &mut Story, name: &str) -> Result<()> {
    let mut partner = story.succeeds(
        |partner: &Partner| {
            format!("Started process {}, which makes memory under `{name}`.", partner.id())
        },
        "A third process starts.",
        Partner::start(context, Role::Hold, name),
    )?;
    let said = partner.listen();
    let entry = context.registry.inspect(name);
    story.check(
        "It holds that name, alone.",
        matches!(said, Ok(Said::Holds)) && entry.as_ref().is_ok_and(filemap::NamedMapping::is_live),
        || format!("{said:?}, {entry:?}"),
    )?;
    let killed = partner.kill();
    story.check(
        format!("Killed process {} with {}.", partner.id(), sys::KILL),
        killed.as_ref().is_ok_and(|status| sys::was_killed(*status)),
        || told(killed),
    )?;
    name_is_gone(&context.registry, story, name, "Its name went with it")
}

fn name_is_gone(registry: &Registry, story: &mut Story, name: &str, claim: &str) -> Result<()> {
    let outcome = MappedFile::options().registry(registry).open_by_name(name);
    let kind = outcome.as_ref().err().map(Error::kind);
    let text = match &outcome {
        Ok(_) => "it can still be opened".to_owned(),
        Err(error) => error.to_string(),
    };
    story.check(format!("{claim}: \"{text}\"."), kind == Some(ErrorKind::NotFound), || text)?;
    let listed = registry.list().map_err(|error| unfinished(&error.to_string()))?;
    story.check(
        "No list shows it.",
        !listed.iter().any(|entry| entry.name().base() == name),
        || "it is still listed".to_owned(),
    )
}

fn ordinary_bytes(path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; len];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Returns the failure of a claim for which the partner's line is wrong or missing.
fn refuted<T>(
    story: &mut Story,
    claim: &str,
    said: std::result::Result<Said, String>,
) -> Result<T> {
    let instead = match said {
        Ok(said) => format!("it said {said:?}"),
        Err(why) => why,
    };
    story.check(claim, false, || instead.clone())?;
    Err(unfinished(&instead))
}

fn told(ended: io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => format!("it ended with {status}"),
        Err(error) => error.to_string(),
    }
}
