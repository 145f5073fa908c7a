//! What the products beside payment keep: every kind of thing on a shelf of its own, each thing under
//! one name and perhaps others, with a time at which something happens to it.

use serde::{Deserialize, Serialize};

use super::{Book, bill, complaint, coupon, payscore, sharing, transfer};

/// A thing that is kept.
pub(super) trait Entry: Clone {
    /// The name it is kept under, its own among things of its kind.
    fn key(&self) -> String;

    /// Other names it is found under, such as WeChat Pay's own number.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// When something happens to it without a call.
    fn wakes(&self) -> Option<i64> {
        None
    }
}

/// A kind of thing with a shelf.
pub(super) trait Shelved: Entry + 'static {
    const SHELF: Shelf;

    fn shelve(self) -> Piece;

    fn of(piece: &Piece) -> Option<&Self>;
}

macro_rules! shelves {
    ($($shelf:ident: $kind:ty, $wakes:expr;)*) => {
        /// A kind of thing.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub(super) enum Shelf {
            $($shelf,)*
        }

        /// A thing of any kind.
        #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Piece {
            $($shelf(Box<$kind>),)*
        }

        impl Piece {
            pub(super) fn shelf(&self) -> Shelf {
                match self {
                    $(Self::$shelf(_) => Shelf::$shelf,)*
                }
            }

            pub(super) fn key(&self) -> String {
                match self {
                    $(Self::$shelf(it) => it.key(),)*
                }
            }

            pub(super) fn names(&self) -> Vec<String> {
                match self {
                    $(Self::$shelf(it) => it.names(),)*
                }
            }

            pub(super) fn wakes(&self) -> Option<i64> {
                match self {
                    $(Self::$shelf(it) => it.wakes(),)*
                }
            }
        }

        $(
            impl Shelved for $kind {
                const SHELF: Shelf = Shelf::$shelf;

                fn shelve(self) -> Piece {
                    Piece::$shelf(Box::new(self))
                }

                fn of(piece: &Piece) -> Option<&Self> {
                    match piece {
                        Piece::$shelf(it) => Some(it),
                        _ => None,
                    }
                }
            }
        )*

        impl Book {
            /// The time of a thing has come.
            pub(super) fn piece_wakes(&mut self, shelf: Shelf, key: &str, at: i64) {
                let wake: Option<fn(&mut Self, &str, i64)> = match shelf {
                    $(Shelf::$shelf => $wakes,)*
                };
                if let Some(wake) = wake {
                    wake(self, key, at);
                }
            }
        }
    };
}

// Kind by kind: where it is kept, what it is, and what happens when its time has come.
shelves! {
    SharingSettings: sharing::Settings, None;
    Receiver: sharing::Receiver, None;
    Pool: sharing::Pool, None;
    Sharing: sharing::Sharing, Some(Book::sharing_wakes);
    SharingReturn: sharing::Return, Some(Book::sharing_return_wakes);
    TransferSettings: transfer::Settings, None;
    Transfer: transfer::Transfer, Some(Book::transfer_wakes);
    TransferAuthorization: transfer::Authorization, Some(Book::transfer_authorization_wakes);
    TransferReceipt: transfer::Receipt, None;
    TransferBatch: transfer::Batch, Some(Book::transfer_batch_wakes);
    ServiceSettings: payscore::Settings, None;
    ServiceOrder: payscore::ServiceOrder, Some(Book::service_order_wakes);
    Permission: payscore::Permission, None;
    ComplaintAddress: complaint::Address, None;
    Complaint: complaint::Complaint, None;
    ComplaintImage: complaint::Image, None;
    CouponAddress: coupon::Address, None;
    CouponStock: coupon::Stock, None;
    Coupon: coupon::Coupon, None;
    BillSettings: bill::Settings, None;
}
