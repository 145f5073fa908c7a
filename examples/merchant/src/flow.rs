//! What each event does to an order or a refund, and what is due next: pure functions.
//!
//! Notices come twice, late, out of order or never; answers are lost. So an event never sets a
//! state back, every state that is not final has something due, and whatever WeChat Pay says in
//! the end is what the books say.
//!
//! ```text
//! PLACED ──► PAYING ──► PAID                  RESERVED ──► PROCESSING ──► SUCCESS
//!   │          ├──────► CLOSED ──► PAID          │             ├────────► CLOSED
//!   └──────────┴──────► HELD                     └──► REFUSED  └────────► ABNORMAL ──► either
//! ```
//!
//! States on the way may be skipped. `CLOSED` turns `PAID` if WeChat Pay says that it was paid all
//! the same: that happens only if somebody closed it in the books alone.

mod order;
mod refund;

pub use order::{OrderAction, OrderEvent, OrderFacts, OrderState, Payment};
pub use refund::{RefundAction, RefundEvent, RefundFacts, RefundState, RefundStatus};

use std::fmt;

/// What an event did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<S> {
    /// The state is a new one. An event leads here once, however often it comes.
    To(S),
    /// Nothing to do: known already, or overtaken by something later.
    Stay,
    /// WeChat Pay and the books disagree: for a person. The state given is the new one.
    Conflict(S, Conflict),
}

/// What does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its name in the books, such as `AMOUNT`.
    pub kind: &'static str,
    /// What is in the books, and what was said.
    pub detail: String,
}

impl Conflict {
    fn new(kind: &'static str, ours: impl fmt::Display, theirs: impl fmt::Display) -> Self {
        Self {
            kind,
            detail: format!("账上为 {ours}，微信支付为 {theirs}"),
        }
    }
}

/// How long to wait before the next try, in seconds: short at first, while the payer holds the
/// phone, then ever longer.
const WAITS: [i64; 8] = [5, 10, 30, 60, 180, 300, 600, 1800];

fn wait(attempts: i64) -> i64 {
    let last = WAITS.len() - 1;
    WAITS[usize::try_from(attempts).unwrap_or(0).min(last)]
}

/// An enumeration with the texts the database has for it.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident { $($(#[$which:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$which])* $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As the database has it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What the database means by `text`.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use texts;
