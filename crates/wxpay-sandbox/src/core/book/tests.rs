//! The book on a clock of its own, without signatures in between.

mod bills;
mod combines;
mod complaints;
mod counter;
mod coupons;
mod notices;
mod orders;
mod payment_codes;
mod payscore;
mod products;
mod random;
mod random_sharing;
mod random_transfers;
mod refund_bills;
mod refunds;
mod sealed_bills;
mod share_bills;
mod sharing;
mod small;
mod transfers;
mod world;
