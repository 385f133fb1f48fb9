//! How much memory the control groups of this process have left.
//!
//! Control groups are a tree of limits, with files for each group: see
//! [cgroups(7)](https://man7.org/linux/man-pages/man7/cgroups.7.html).

use std::fs;
use std::path::{Path, PathBuf};

/// The files of a group: its limit, what is used, and the names of what of that can be had back.
struct Files {
    limit: &'static str,
    used: &'static str,
    cached: [&'static str; 2],
}

const FIRST: Files = Files {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cached: ["total_inactive_file", "total_active_file"],
};

const SECOND: Files =
    Files { limit: "memory.max", used: "memory.current", cached: ["inactive_file", "active_file"] };

/// Returns the group of this process that has the least memory left, and how many bytes that is;
/// `None` if no group has a limit, or none can be read.
pub(super) fn least() -> Option<(PathBuf, u64)> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut lefts = Vec::new();
    for line in groups.lines() {
        // Of the second version there is one line, without controllers.
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (roots, files) = match controllers {
            "" => (&["/sys/fs/cgroup", "/sys/fs/cgroup/unified"][..], SECOND),
            _ if controllers.split(',').any(|each| each == "memory") => {
                (&["/sys/fs/cgroup/memory"][..], FIRST)
            }
            _ => continue,
        };
        // The limits above a group hold for it as well.
        for above in Path::new(path).ancestors() {
            let above = above.strip_prefix("/").unwrap_or(above);
            let folders = roots.iter().map(|root| Path::new(root).join(above));
            lefts.extend(folders.filter_map(|folder| Some((left(&folder, &files)?, folder))));
        }
    }
    lefts.into_iter().min().map(|(left, folder)| (folder, left))
}

/// Returns how many bytes a group has left, with those of files, which it gives back.
fn left(folder: &Path, files: &Files) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok();
    let (limit, used): (u64, u64) = (number(files.limit)?, number(files.used)?);
    let told = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let cached =
        told.lines().filter_map(|line| line.split_once(' ')).filter_map(|(name, bytes)| {
            files.cached.contains(&name).then(|| bytes.parse::<u64>().ok()).flatten()
        });
    Some(limit.saturating_sub(used).saturating_add(cached.sum()).min(limit))
}
