//! Who a number of a user is: in containers the same number is somebody else.

use std::{fmt, io};

/// The inode of the first user namespace, `USER_NS_INIT_INO` of
/// [`linux/nsfs.h`](https://github.com/torvalds/linux/blob/master/include/uapi/linux/nsfs.h).
const FIRST_NAMESPACE: u64 = 0xEFFF_FFFD;

/// The user that this process acts for, as file names have it.
///
/// In the first user namespace, its number. In any other one, also the number that it has outside and
/// that of the namespace: the superuser of a container is an ordinary user of the machine, whose
/// `/dev/shm` the container may see
/// ([user_namespaces(7)](https://man7.org/linux/man-pages/man7/user_namespaces.7.html)).
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    number: u32,
    /// The number outside, and the namespace.
    elsewhere: Option<(u32, u64)>,
}

impl User {
    pub(super) fn current() -> Self {
        let number = rustix::process::geteuid().as_raw();
        // Without `/proc` there is no telling.
        let namespace = rustix::fs::stat("/proc/self/ns/user").map(|stat| stat.st_ino).ok();
        let other = namespace.filter(|inode| *inode != FIRST_NAMESPACE);
        let elsewhere =
            other.map(|inode| (outside(number).ok().flatten().unwrap_or(u32::MAX), inode));
        Self { number, elsewhere }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        match self.elsewhere {
            None => write!(f, "{number}"),
            Some((outside, namespace)) => write!(f, "{number}.{outside}-{namespace}"),
        }
    }
}

/// Returns true if the number stands for all users who have none in this process's namespace.
pub(super) fn is_anybody(number: u32) -> bool {
    matches!(outside(number), Ok(None))
}

/// Returns the number that a user has outside of this process's namespace.
fn outside(number: u32) -> io::Result<Option<u32>> {
    let map = std::fs::read_to_string("/proc/self/uid_map")?;
    Ok(map.lines().find_map(|line| {
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u32>().ok());
        let (inside, outside, count) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let place = number.checked_sub(inside).filter(|place| *place < count)?;
        outside.checked_add(place)
    }))
}
