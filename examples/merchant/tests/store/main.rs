//! The store, on SQLite and on PostgreSQL: every case runs on both.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod cases;
mod trouble;

use std::path::Path;

use merchant::private_postgres::PrivatePostgres;
use merchant::store::{PATIENCE, Store};

/// A database with two pools on it, as two processes have.
struct Shop {
    store: Store,
    other: Store,
    url: String,
}

impl Shop {
    async fn open(url: String) -> Self {
        let store = Store::open(&url).await.unwrap();
        let other = Store::connect(&url, PATIENCE).await.unwrap();
        Self { store, other, url }
    }

    async fn close(self) {
        self.store.close().await;
        self.other.close().await;
    }
}

fn sqlite_url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("shop.db").display())
}

macro_rules! on_both {
    ($($case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                let shop = Shop::open(sqlite_url(folder.path())).await;
                cases::$case(&shop).await;
                shop.close().await;
            }
        )*

        #[tokio::test(flavor = "multi_thread")]
        async fn all_of_it_on_postgres() {
            let Some(mut server) = PrivatePostgres::start().unwrap() else {
                eprintln!("SKIPPED: PostgreSQL (initdb, pg_ctl, postgres) is not installed");
                return;
            };
            $(
                eprintln!("on PostgreSQL: {}", stringify!($case));
                let url = server.database(stringify!($case)).await.unwrap();
                let shop = Shop::open(url).await;
                cases::$case(&shop).await;
                shop.close().await;
            )*
            let url = server.database("gone").await.unwrap();
            trouble::when_the_server_is_gone(&url, &mut server).await;
        }
    };
}

on_both! {
    an_order_is_placed_once,
    a_payment_is_applied_once,
    a_payment_after_closing_counts,
    another_amount_is_for_a_person,
    many_hear_of_one_payment,
    a_notice_is_stored_once,
    a_notice_about_nothing_we_know,
    refunds_are_capped,
    many_refund_at_once,
    a_refund_comes_to_its_end,
    the_schema_caps_refunds_by_itself,
    every_job_is_claimed_once,
    a_lease_ends,
    the_morning_after,
}
