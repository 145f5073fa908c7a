//! Words of the wire that may be added to.

/// Declares an open list of words that borrows those it does not know.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal $(| $other:literal)*,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $($(#[$word_doc])* $variant,)*
            /// A word that this version does not know, or none.
            Other(&'a str),
        }

        impl<'a> $name<'a> {
            #[inline]
            pub(crate) fn read(text: &'a str) -> Self {
                match text {
                    $($word $(| $other)* => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }

            /// The word as it is on the wire.
            #[must_use]
            pub fn as_str(&self) -> &'a str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl std::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use words;
