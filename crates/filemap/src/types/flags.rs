//! Sets of flags.

/// Makes a type of a set of flags, each a bit with a name. Bits that are kept without a name stand
/// after `unnamed`.
macro_rules! flags {
    (
        $(#[$doc:meta])*
        pub struct $type:ident: $bits:ty {
            $($(#[$flag_doc:meta])* const $flag:ident = $value:expr;)*
            unnamed $unnamed:expr;
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $type($bits);

        impl $type {
            $($(#[$flag_doc])* pub const $flag: Self = Self($value);)*

            /// Every flag with its word.
            const NAMED: &'static [(&'static str, Self)] =
                &[$((stringify!($flag), Self::$flag),)*];

            /// Returns no flags.
            #[must_use]
            pub const fn empty() -> Self {
                Self(0)
            }

            /// Returns all flags.
            #[must_use]
            pub const fn all() -> Self {
                Self($unnamed $(| $value)*)
            }

            /// Returns the flags as bits.
            #[must_use]
            pub const fn bits(self) -> $bits {
                self.0
            }

            /// Returns the flags of these bits; `None` if one of them is none.
            #[must_use]
            pub const fn from_bits(bits: $bits) -> Option<Self> {
                if bits & !Self::all().0 == 0 { Some(Self(bits)) } else { None }
            }

            /// Returns true if there are no flags.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Returns true if all flags of `other` are here.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Returns the flags of both.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Adds the flags of `other`, or removes them.
            pub const fn set(&mut self, other: Self, present: bool) {
                self.0 = if present { self.0 | other.0 } else { self.0 & !other.0 };
            }

            /// The words of the flags that are here and have a name.
            fn words(self) -> impl Iterator<Item = String> {
                let named = Self::NAMED.iter().filter(move |(_, one)| self.contains(*one));
                named.map(|(word, _)| word.to_lowercase().replace('_', "-"))
            }
        }

        impl FromIterator<Self> for $type {
            fn from_iter<I: IntoIterator<Item = Self>>(flags: I) -> Self {
                flags.into_iter().fold(Self::empty(), Self::union)
            }
        }

        impl std::ops::BitOr for $type {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl std::ops::BitAnd for $type {
            type Output = Self;

            fn bitand(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }

        impl std::ops::Sub for $type {
            type Output = Self;

            fn sub(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let words: Vec<_> = self.words().collect();
                f.write_str(if words.is_empty() { "none".to_owned() } else { words.join(", ") }.as_str())
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($type), "({:#x}: {})"), self.0, self)
            }
        }
    };
}
