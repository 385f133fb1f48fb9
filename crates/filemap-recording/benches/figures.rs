//! What it costs to record, and how well a replay keeps time.
//!
//! A process publishes 60 times a second; another records; the recording is replayed, and a reader notes
//! when each version appears. `cargo xtask recordings` runs this. The first argument is how many seconds,
//! 60 if there is none. Wrong bytes are a failure; times are printed, and whoever reads them judges.

#![allow(clippy::print_stdout, reason = "figures are printed")]

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{Ordering, fence};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, PositionedIo as _, Registry};
use filemap_layout::{Layout, Versions};
use filemap_recording::{PlayerOptions, RecorderOptions, Recording, Stop, Subject};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const RATE: f64 = 60.0;

fn main() -> Done {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["publish", names, size, part] => publish(names.as_ref(), size.parse()?, part.parse()?),
        ["look", names, seconds] => look(names.as_ref(), seconds.parse()?),
        ["record", names, file, seconds] => record(names.as_ref(), file.as_ref(), seconds.parse()?),
        [] => all(60.0),
        [seconds] => all(seconds.parse()?),
        _ => Err("expected a number of seconds".into()),
    }
}

fn all(seconds: f64) -> Done {
    if !cfg!(target_os = "linux") {
        println!("skipped: only Linux' clocks of threads are asked");
        return Ok(());
    }
    println!("{}", processor());
    for (size, part) in [(10_000, 10), (240_000, 16)] {
        println!("\n{size} bytes, one in {part} moving, {RATE} times a second, {seconds} s");
        measure(size, part, seconds)?;
    }
    Ok(())
}

fn processor() -> String {
    let facts = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = facts.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {count} processors", model.map_or("unknown", |(_, model)| model))
}

/// Returns the layout of what is published.
fn layout() -> Done<Layout> {
    let layout = Layout::from_words("begin:u32 end:u32")?;
    let versions = Versions::pair(layout.root(), "begin", "end")?;
    Ok(layout.with_versions(Some(versions)))
}

/// Returns the bytes of a frame, all of which depend on its number.
fn frame(number: u32, size: usize, part: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    let mut constant = 88_172_645_463_325_252_u64;
    let mut moving = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for (index, eight) in bytes[8..].chunks_exact_mut(8).enumerate() {
        let state = if index % part == 0 { &mut moving } else { &mut constant };
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        eight.copy_from_slice(&state.to_le_bytes());
    }
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn publish(names: &Path, size: usize, part: usize) -> Done {
    let options = FileMapping::options().registry(&Registry::at(names)).name("car");
    let mapping = options.size(size as u64).create_new()?;
    let view = mapping.map(Access::Write)?;
    let begun = Instant::now();
    for number in 1_u32.. {
        let bytes = frame(number, size, part);
        view.write(0, &number)?;
        fence(Ordering::Release);
        view.write(8, &bytes[8..])?;
        fence(Ordering::Release);
        view.write(4, &number)?;
        if number == 1 {
            println!("published");
        }
        let due = begun + Duration::from_secs_f64(f64::from(number) / RATE);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn record(names: &Path, file: &Path, seconds: f64) -> Done {
    let subject = Subject::new("car".parse()?).layout(layout()?);
    let options = RecorderOptions::new().registry(&Registry::at(names)).rate(RATE);
    let recorder = options.start(vec![subject], file)?;
    let before = processor_time()?;
    let limit = Duration::from_secs_f64(seconds);
    let totals = recorder.run(&Stop::new(), Some(limit), |_| {})?;
    let took = processor_time()?.saturating_sub(before).as_micros();
    println!("{took} {} {} {} {}", totals.frames, totals.torn, totals.lost, totals.bytes);
    Ok(())
}

/// Sleeps, copies and compares as a recorder does, and nothing else: what looking costs by itself.
fn look(names: &Path, seconds: f64) -> Done {
    let view = Registry::at(names).open("car")?.map(Access::Read)?;
    let (mut now, mut before) = (vec![0; view.len()], vec![0; view.len()]);
    let (begun, start) = (processor_time()?, Instant::now());
    let mut changes = 0;
    for number in 1_u32.. {
        let after = f64::from(number) / RATE;
        if after > seconds {
            break;
        }
        let due = start + Duration::from_secs_f64(after);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        view.read_exact_at(&mut now, 0)?;
        changes += u32::from(now != before);
        std::mem::swap(&mut now, &mut before);
    }
    let took = processor_time()?.saturating_sub(begun).as_micros();
    println!("{took} {changes}");
    Ok(())
}

/// Returns the time that this thread has spent on a processor.
#[cfg(target_os = "linux")]
fn processor_time() -> Done<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Ok(time.try_into()?)
}

#[cfg(not(target_os = "linux"))]
fn processor_time() -> Done<Duration> {
    Err("this system's clock of a thread is not asked".into())
}

/// A child that is killed when this is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn measure(size: usize, part: usize, seconds: f64) -> Done {
    let place = tempfile::tempdir()?;
    let [names, file] = ["names", "a.mcap"].map(|name| place.path().join(name));
    fs::create_dir(&names)?;
    let start = |words: &[&str]| {
        Command::new(env::current_exe()?).args(words).stdout(Stdio::piped()).spawn()
    };
    let [names_word, file_word] = [names.to_string_lossy(), file.to_string_lossy()];
    let mut publisher =
        Killed(start(&["publish", &names_word, &size.to_string(), &part.to_string()])?);
    let mut line = String::new();
    BufReader::new(publisher.0.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let told =
        start(&["record", &names_word, &file_word, &seconds.to_string()])?.wait_with_output()?;
    // For a part of the time: it is the same all the time.
    let part_of_it = seconds.min(10.0);
    let looked = start(&["look", &names_word, &part_of_it.to_string()])?.wait_with_output()?;
    drop(publisher);
    let looked = String::from_utf8(looked.stdout)?;
    let looked: f64 = looked.split(' ').next().unwrap_or_default().parse()?;
    let looked = Duration::from_secs_f64(looked / 1e6 * seconds / part_of_it);
    if !told.status.success() {
        return Err("the recorder failed".into());
    }
    let told = String::from_utf8(told.stdout)?;
    let told: Vec<u64> = told.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [took, frames, torn, lost, bytes] = told[..] else { return Err("not understood".into()) };
    println!("  recorded: {frames} frames, {torn} torn, {lost} looks lost, {bytes} bytes");

    let recording = Recording::open(&file)?;
    let (numbers, times, raw) = check(&recording, size, part)?;
    let packed = packing(&raw)?;
    #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
    let ratio = took as f64 / packed.as_micros() as f64;
    println!(
        "  processor time: {:.1} ms to record, {:.1} ms for zstd -1 over the same frames: {ratio:.2}",
        Duration::from_micros(took).as_secs_f64() * 1e3,
        packed.as_secs_f64() * 1e3,
    );
    if let Some(command) = packing_by_command(place.path(), &raw)? {
        println!("  the command `zstd -1`: {:.0} ms", command.as_secs_f64() * 1e3);
    }
    println!("  sleeping, copying and comparing alone: {:.1} ms", looked.as_secs_f64() * 1e3);
    replay(&recording, &names, &numbers, &times)
}

/// Compares each frame with what was published, and returns numbers, times, and all bytes.
fn check(
    recording: &Recording,
    size: usize,
    part: usize,
) -> Done<(Vec<u32>, Vec<Duration>, Vec<u8>)> {
    let (mut numbers, mut times, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    let mut frames = recording.frames();
    while let Some(seen) = frames.next_frame() {
        if seen.channel.is_torn() {
            continue;
        }
        let number = u32::from_le_bytes(seen.bytes[..4].try_into()?);
        if seen.bytes != frame(number, size, part) {
            return Err(format!("frame {number} is not what was published").into());
        }
        numbers.push(number);
        times.push(seen.time);
        raw.extend_from_slice(seen.bytes);
    }
    println!("  equal byte for byte: {} frames", numbers.len());
    Ok((numbers, times, raw))
}

/// Returns the processor time that the library zstd takes for these bytes.
fn packing(raw: &[u8]) -> Done<Duration> {
    let before = processor_time()?;
    let mut packer = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
    packer.write_all(raw)?;
    packer.finish()?;
    Ok(processor_time()?.saturating_sub(before))
}

/// Returns the processor time that the command zstd takes for them, if there is one.
fn packing_by_command(place: &Path, raw: &[u8]) -> Done<Option<Duration>> {
    let file = place.join("raw");
    fs::write(&file, raw)?;
    let script = "TIMEFORMAT='%U %S'; time zstd -1 -q -c \"$0\" > /dev/null";
    let Ok(told) = Command::new("bash").args(["-c", script]).arg(&file).output() else {
        return Ok(None);
    };
    fs::remove_file(file)?;
    if !told.status.success() {
        return Ok(None);
    }
    let told = String::from_utf8(told.stderr)?;
    let times = told.split_whitespace().map(str::parse::<f64>);
    Ok(Some(Duration::from_secs_f64(times.sum::<Result<f64, _>>()?)))
}

/// Replays, and prints how far each version was from its time.
fn replay(recording: &Recording, names: &Path, numbers: &[u32], times: &[Duration]) -> Done {
    let registry = Registry::at(names);
    let mut player = PlayerOptions::new().registry(&registry).start(recording)?;
    let view = registry.open("car")?.map(Access::Read)?;
    let stop = Stop::new();
    let last = *numbers.last().ok_or("no frames")?;
    let (origin, seen) = thread::scope(|scope| -> Done<(Instant, Vec<(u32, Instant)>)> {
        let (begin, begun) = mpsc::channel();
        let playing = scope.spawn(move || {
            let _is_heard = begin.send(Instant::now()).is_ok();
            player.run(&stop)
        });
        let mut seen = Vec::<(u32, Instant)>::with_capacity(numbers.len());
        while seen.last().is_none_or(|(number, _)| *number != last) {
            let number = view.read::<u32>(4)?;
            if number != 0 && seen.last().is_none_or(|(before, _)| *before != number) {
                seen.push((number, Instant::now()));
            }
            if playing.is_finished() && seen.len() < numbers.len() / 2 {
                break;
            }
            // A reader that never sleeps would take the processor from the player.
            thread::sleep(Duration::from_micros(50));
        }
        playing.join().map_err(|_| "the player failed")??;
        Ok((begun.recv()?, seen))
    })?;
    let place = |number: u32| numbers.binary_search(&number).map_err(|_| "a version is unknown");
    let mut late = Vec::new();
    for (number, at) in &seen {
        let due = times[place(*number)?].saturating_sub(recording.start()).as_secs_f64();
        late.push((at.duration_since(origin).as_secs_f64() - due) * 1e3);
    }
    let frame = 1e3 / RATE;
    let within = late.iter().filter(|late| late.abs() <= frame / 3.0).count();
    let median = |part: &[f64]| {
        let mut part = part.to_vec();
        part.sort_by(f64::total_cmp);
        part.get(part.len() / 2).copied().unwrap_or(0.0)
    };
    let tenth = (late.len() / 10).max(1);
    let mut sorted: Vec<f64> = late.iter().map(|late| late.abs()).collect();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
    let share = 100.0 * within as f64 / late.len() as f64;
    println!(
        "  replayed: {} of {} versions seen; {share:.2} % within a third of a frame ({:.1} ms); \
         median {:.3} ms, 99 % below {:.3} ms, at most {:.3} ms",
        seen.len(),
        numbers.len(),
        frame / 3.0,
        median(&late),
        sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(0.0),
        sorted.last().copied().unwrap_or(0.0),
    );
    println!(
        "  drift: median of the first tenth {:.3} ms, of the last {:.3} ms",
        median(&late[..tenth]),
        median(&late[late.len() - tenth..]),
    );
    Ok(())
}
