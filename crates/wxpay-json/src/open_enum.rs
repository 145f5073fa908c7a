//! Enumerations the wire may add words to.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, Visitor};

/// Defines an enumeration of words that the wire may add to.
///
/// A word that is not listed is kept in the variant `Unknown` and written back as it was, so a
/// new state or bank code does not break a program that was built before it existed.
///
/// ```
/// wxpay_json::open_enum! {
///     /// State of a trade (交易状态).
///     pub enum TradeState {
///         /// Paid (支付成功).
///         Success = "SUCCESS",
///         /// Not paid yet (未支付).
///         NotPay = "NOTPAY",
///     }
/// }
///
/// assert_eq!(TradeState::from("SUCCESS"), TradeState::Success);
/// let new = TradeState::from("FROZEN");
/// assert!(matches!(&new, TradeState::Unknown(word) if &**word == "FROZEN"));
/// assert_eq!(new.as_str(), "FROZEN");
/// assert_eq!(TradeState::KNOWN, ["SUCCESS", "NOTPAY"]);
/// ```
///
/// The enumeration is `#[non_exhaustive]` and has `as_str`, `KNOWN` (the words listed, in their
/// order), and `Clone`, `Debug`, `Display`, `Eq`, `From<&str>`, `From<String>`, `FromStr` (which
/// cannot fail), `Hash`, `PartialEq`, serde's `Serialize` and `Deserialize`. Equality is equality
/// of the words. A listed variant may not be called `Unknown`.
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A word that this version does not know, as it was sent.
            Unknown(Box<str>),
        }

        impl $name {
            /// The words this version knows.
            pub const KNOWN: &'static [&'static str] = &[$($text),*];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(word.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = ::core::convert::Infallible;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(word))
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl ::core::hash::Hash for $name {
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::__private::deserialize(deserializer)
            }
        }

        impl $crate::node::ToNode for $name {
            fn to_node(&self) -> $crate::node::Node<'_> {
                $crate::node::Node::Text(::std::borrow::Cow::Borrowed(self.as_str()))
            }
        }

        impl $crate::node::FromNode for $name {
            fn from_node(node: $crate::node::Node<'_>) -> Result<Self, $crate::DecodeError> {
                $crate::__private::word(&node)
            }
        }
    };
}

/// Reads a word without allocating for the ones that are known.
#[doc(hidden)]
pub fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> From<&'a str>,
{
    struct WordVisitor<T>(PhantomData<T>);

    impl<T: for<'a> From<&'a str>> Visitor<'_> for WordVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a word (text)")
        }

        fn visit_str<E: de::Error>(self, word: &str) -> Result<T, E> {
            Ok(T::from(word))
        }
    }

    deserializer.deserialize_str(WordVisitor(PhantomData))
}
