//! Security descriptors as text ([Security Descriptor String Format][format]).
//!
//! [format]: https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format

use crate::boundary::{Code, Result};
use crate::windows::{DWORD, ERROR_INVALID_ACL, ERROR_INVALID_PARAMETER, ERROR_INVALID_SID, WORD};

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

/// The users and groups that are known by two letters.
const KNOWN: [(&str, u64, &[u32]); 20] = [
    ("WD", 1, &[0]),
    ("CO", 3, &[0]),
    ("CG", 3, &[1]),
    ("OW", 3, &[4]),
    ("NU", 5, &[2]),
    ("IU", 5, &[4]),
    ("SU", 5, &[6]),
    ("AN", 5, &[7]),
    ("PS", 5, &[10]),
    ("AU", 5, &[11]),
    ("RC", 5, &[12]),
    ("SY", 5, &[18]),
    ("LS", 5, &[19]),
    ("NS", 5, &[20]),
    ("BA", 5, &[32, 544]),
    ("BU", 5, &[32, 545]),
    ("BG", 5, &[32, 546]),
    ("PU", 5, &[32, 547]),
    ("AC", 15, &[2, 1]),
    ("LW", 16, &[4096]),
];

/// Those that are everybody here: everyone, who has logged in, who sits at the machine, and all users.
const EVERYBODY: [&str; 4] = ["WD", "AU", "IU", "BU"];

/// The rights that are known by two letters.
const RIGHTS: [(&str, DWORD); 25] = [
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
    ("SD", 0x0001_0000),
    ("RC", 0x0002_0000),
    ("WD", 0x0004_0000),
    ("WO", 0x0008_0000),
    ("CC", 0x0001),
    ("DC", 0x0002),
    ("LC", 0x0004),
    ("SW", 0x0008),
    ("RP", 0x0010),
    ("WP", 0x0020),
    ("DT", 0x0040),
    ("LO", 0x0080),
    ("CR", 0x0100),
    ("FA", 0x001F_01FF),
    ("FR", 0x0012_0089),
    ("FW", 0x0012_0116),
    ("FX", 0x0012_00A0),
    ("KA", 0x000F_003F),
    ("KR", 0x0002_0019),
    ("KW", 0x0002_0006),
    ("KX", 0x0002_0019),
];

/// The flags of an entry.
const FLAGS: [(&str, u8); 7] = [
    ("OI", 0x01),
    ("CI", 0x02),
    ("NP", 0x04),
    ("IO", 0x08),
    ("ID", 0x10),
    ("SA", 0x40),
    ("FA", 0x80),
];

impl Sid {
    /// Reads the form that it has in memory.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let count = usize::from(*bytes.get(1)?);
        let authority =
            bytes.get(2..8)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let parts = bytes.get(8..8 + 4 * count)?.chunks_exact(4);
        let parts = parts.map(|part| part.try_into().map(u32::from_le_bytes));
        Some(Self { authority, parts: parts.collect::<std::result::Result<_, _>>().ok()? })
    }

    /// Returns whether it stands for everybody who could open a name.
    pub(super) fn is_everybody(&self) -> bool {
        EVERYBODY.into_iter().filter_map(Self::known).any(|everybody| everybody == *self)
    }

    fn known(letters: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|(known, ..)| *known == letters);
        known.map(|(_, authority, parts)| Self { authority: *authority, parts: parts.to_vec() })
    }

    /// Reads two letters, or `S-1-` with numbers.
    fn parse(text: &str) -> Option<Self> {
        let Some(numbers) = text.strip_prefix("S-1-") else { return Self::known(text) };
        let mut numbers = numbers.split('-');
        let authority: u64 =
            numbers.next()?.parse().ok().filter(|number: &u64| number >> 48 == 0)?;
        let parts: Vec<u32> =
            numbers.map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
        (1..=15).contains(&parts.len()).then_some(Self { authority, parts })
    }

    /// Returns the form that it has in memory.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![1, u8::try_from(self.parts.len()).unwrap_or(0)];
        bytes.extend_from_slice(&self.authority.to_be_bytes()[2..]);
        bytes.extend(self.parts.iter().flat_map(|part| part.to_le_bytes()));
        bytes
    }
}

/// Reads words of two letters.
fn words<'a, T: Copy>(text: &'a str, known: &'a [(&str, T)]) -> Option<Vec<T>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let find = |pair: &[u8; 2]| known.iter().find(|(word, _)| word.as_bytes() == pair);
    rest.is_empty()
        .then(|| pairs.iter().map(|pair| find(pair).map(|(_, value)| *value)).collect())?
}

/// Reads the rights of an entry: words, or a number.
fn rights(text: &str) -> Option<DWORD> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => DWORD::from_str_radix(digits, 16).ok(),
        None if text.starts_with(|first: char| first.is_ascii_digit()) => text.parse().ok(),
        None => Some(words(text, &RIGHTS)?.into_iter().fold(0, |all, right| all | right)),
    }
}

/// Reads what stands between the brackets of an entry, and returns the form that it has in memory.
fn entry(text: &str) -> Result<Vec<u8>> {
    let wrong = || Code(ERROR_INVALID_ACL);
    let fields: Vec<&str> = text.split(';').map(str::trim).collect();
    let [kind, flags, mask, object, inherited, sid] = fields.as_slice() else {
        return Err(wrong());
    };
    let kind = match *kind {
        "A" => 0,
        "D" => 1,
        _ => return Err(wrong()),
    };
    if !(object.is_empty() && inherited.is_empty()) {
        // An entry for a kind of object, which memory is not.
        return Err(wrong());
    }
    let flags = words(flags, &FLAGS).ok_or(wrong())?.into_iter().fold(0, |all, flag| all | flag);
    let mask = rights(mask).ok_or(wrong())?;
    let sid = Sid::parse(sid).ok_or(Code(ERROR_INVALID_SID))?.bytes();
    let len = u16::try_from(8 + sid.len()).map_err(|_| wrong())?;
    let mut bytes = vec![kind, flags];
    bytes.extend(len.to_le_bytes());
    bytes.extend(mask.to_le_bytes());
    bytes.extend(sid);
    Ok(bytes)
}

/// Reads a list: its flags and its entries. `None` stands for everybody and everything.
fn list(text: &str) -> Result<Option<Vec<u8>>> {
    let (flags, mut rest) = text.split_at(text.find('(').unwrap_or(text.len()));
    if flags.trim() == "NO_ACCESS_CONTROL" {
        return Ok(None);
    }
    if !flags.trim().chars().all(|flag| "PAIR".contains(flag)) {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    let (mut count, mut entries) = (0_u16, Vec::new());
    while !rest.trim_start().is_empty() {
        let inside = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (inside, behind) = inside.ok_or(Code(ERROR_INVALID_ACL))?;
        entries.extend(entry(inside)?);
        (count, rest) = (count.saturating_add(1), behind);
    }
    let len = u16::try_from(8 + entries.len()).map_err(|_| Code(ERROR_INVALID_ACL))?;
    let mut bytes = vec![2, 0];
    bytes.extend(len.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(entries);
    Ok(Some(bytes))
}

/// Makes a descriptor in one piece of a text. What it is to log is left out.
pub(super) fn parse(text: &str) -> Result<Vec<u8>> {
    const HEAD: usize = 20;
    const SELF_RELATIVE: WORD = 0x8000;
    const DACL_PRESENT: WORD = 0x0004;
    let wrong = || Code(ERROR_INVALID_PARAMETER);
    let (mut control, mut body, mut offsets) = (SELF_RELATIVE, Vec::new(), [0_u32; 4]);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (kind, behind) = rest.split_at_checked(2).ok_or(wrong())?;
        // A part ends where the next one begins; no word of two letters has a colon behind it.
        let end = ["O:", "G:", "D:", "S:"].iter().filter_map(|next| behind.find(next)).min();
        let (part, next) = behind.split_at(end.unwrap_or(behind.len()));
        rest = next;
        let offset = u32::try_from(HEAD + body.len()).map_err(|_| wrong())?;
        let part = part.trim();
        let (place, bytes) = match kind {
            "O:" => (0, Sid::parse(part).ok_or(Code(ERROR_INVALID_SID))?.bytes()),
            "G:" => (1, Sid::parse(part).ok_or(Code(ERROR_INVALID_SID))?.bytes()),
            "S:" => continue,
            "D:" => {
                control |= DACL_PRESENT;
                match list(part)? {
                    Some(list) => (3, list),
                    None => continue,
                }
            }
            _ => return Err(wrong()),
        };
        offsets[place] = offset;
        body.extend(bytes);
    }
    let mut descriptor = vec![1, 0];
    descriptor.extend(control.to_le_bytes());
    descriptor.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
    descriptor.extend(body);
    Ok(descriptor)
}
