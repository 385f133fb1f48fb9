//! The forms of inserts: what stands between the exclamation marks of `%1!08x!`, as `printf` has it.

/// How an argument becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    Signed(Bits),
    Unsigned {
        base: Base,
        bits: Bits,
    },
    /// An address: as many hexadecimal digits as it can have.
    Address,
    Character,
    /// A text of the function's own width.
    Text,
    Narrow,
    Wide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Octal,
    Decimal,
    Hexadecimal,
    UpperHexadecimal,
}

/// How many bits of an argument count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bits {
    Half,
    Word,
    Double,
}

/// A width or a precision: a number, or the next argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Number(usize),
    Argument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    is_left: bool,
    is_zero_filled: bool,
    is_signed: bool,
    is_spaced: bool,
    is_marked: bool,
    pub(super) width: Option<Count>,
    pub(super) precision: Option<Count>,
    pub(super) conversion: Conversion,
}

impl Form {
    /// Reads a form; `None` if it is none, or one for numbers with a fraction.
    pub(super) fn parse(form: &str) -> Option<Self> {
        let flags = form.len() - form.trim_start_matches(['-', '0', '+', ' ', '#']).len();
        let (flags, rest) = form.split_at(flags);
        let (width, rest) = count(rest)?;
        let (precision, rest) = match rest.strip_prefix('.') {
            // A point alone is a precision of 0.
            Some(rest) => {
                count(rest).map(|(count, rest)| (count.or(Some(Count::Number(0))), rest))?
            }
            None => (None, rest),
        };
        Some(Self {
            is_left: flags.contains('-'),
            is_zero_filled: flags.contains('0'),
            is_signed: flags.contains('+'),
            is_spaced: flags.contains(' '),
            is_marked: flags.contains('#'),
            width,
            precision,
            conversion: conversion(rest)?,
        })
    }

    /// Returns a number as text, with the zeros that its precision asks for, or its width.
    pub(super) fn number(&self, value: usize, width: usize, precision: Option<usize>) -> String {
        let (sign, digits) = match self.conversion {
            Conversion::Signed(bits) => {
                let number = bits.signed(value);
                let sign = match number {
                    ..0 => "-",
                    _ if self.is_signed => "+",
                    _ if self.is_spaced => " ",
                    _ => "",
                };
                (sign, number.unsigned_abs().to_string())
            }
            Conversion::Unsigned { base, bits } => {
                let number = bits.unsigned(value);
                let is_marked = self.is_marked && number != 0;
                match base {
                    Base::Decimal => ("", number.to_string()),
                    Base::Octal => (if is_marked { "0" } else { "" }, format!("{number:o}")),
                    Base::Hexadecimal => (if is_marked { "0x" } else { "" }, format!("{number:x}")),
                    Base::UpperHexadecimal => {
                        (if is_marked { "0X" } else { "" }, format!("{number:X}"))
                    }
                }
            }
            _ => ("", format!("{value:0width$X}", width = size_of::<usize>() * 2)),
        };
        let wanted = match precision {
            Some(precision) => precision,
            None if self.is_zero_filled && !self.is_left => width.saturating_sub(sign.len()),
            None => 0,
        };
        let zeros = "0".repeat(wanted.saturating_sub(digits.len()));
        format!("{sign}{zeros}{digits}")
    }

    /// Returns a text with at most the units of the precision.
    pub(super) fn text(text: &str, precision: Option<usize>) -> String {
        let mut units = 0;
        let fits = |sign: &char| {
            units += sign.len_utf16();
            precision.is_none_or(|precision| units <= precision)
        };
        text.chars().take_while(fits).collect()
    }

    /// Returns a text as wide as the form asks for, in units of UTF-16.
    pub(super) fn padded(&self, text: String, width: usize) -> String {
        let missing = width.saturating_sub(text.encode_utf16().count());
        let is_text = matches!(
            self.conversion,
            Conversion::Text | Conversion::Narrow | Conversion::Wide | Conversion::Character
        );
        match self.is_left {
            true => text + &" ".repeat(missing),
            // As Windows' `printf` fills texts.
            false if self.is_zero_filled && is_text => "0".repeat(missing) + &text,
            false => " ".repeat(missing) + &text,
        }
    }
}

/// Reads a width or a precision, and returns the rest.
fn count(form: &str) -> Option<(Option<Count>, &str)> {
    if let Some(rest) = form.strip_prefix('*') {
        return Some((Some(Count::Argument), rest));
    }
    let digits = form.len() - form.trim_start_matches(|sign: char| sign.is_ascii_digit()).len();
    let (digits, rest) = form.split_at(digits);
    if digits.is_empty() {
        return Some((None, rest));
    }
    // Longer than any text of this function may be.
    digits
        .parse()
        .ok()
        .filter(|number| *number < 1 << 16)
        .map(|number| (Some(Count::Number(number)), rest))
}

fn conversion(form: &str) -> Option<Conversion> {
    let letter = form.chars().last()?;
    let prefix = &form[..form.len() - letter.len_utf8()];
    let bits = match prefix {
        "h" => Bits::Half,
        "" | "l" | "I32" => Bits::Word,
        "ll" | "I64" => Bits::Double,
        "I" if usize::BITS == 64 => Bits::Double,
        "I" | "w" => Bits::Word,
        _ => return None,
    };
    let of = |base| Conversion::Unsigned { base, bits };
    Some(match (prefix, letter) {
        (_, 'd' | 'i') => Conversion::Signed(bits),
        (_, 'u') => of(Base::Decimal),
        (_, 'o') => of(Base::Octal),
        (_, 'x') => of(Base::Hexadecimal),
        (_, 'X') => of(Base::UpperHexadecimal),
        ("", 'p') => Conversion::Address,
        ("" | "h" | "l" | "w", 'c' | 'C') => Conversion::Character,
        ("h", 's' | 'S') => Conversion::Narrow,
        ("l" | "w", 's' | 'S') => Conversion::Wide,
        ("", 's') => Conversion::Text,
        _ => return None,
    })
}

impl Bits {
    fn unsigned(self, value: usize) -> u64 {
        let value = value as u64;
        match self {
            Self::Half => value & 0xFFFF,
            Self::Word => value & 0xFFFF_FFFF,
            Self::Double => value,
        }
    }

    fn signed(self, value: usize) -> i64 {
        let value = (value as u64).cast_signed();
        match self {
            Self::Half => value << 48 >> 48,
            Self::Word => value << 32 >> 32,
            Self::Double => value,
        }
    }
}
