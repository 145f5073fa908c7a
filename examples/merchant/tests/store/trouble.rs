//! Databases that are locked, in use, gone, or none.

use std::time::Duration;

use merchant::private_postgres::PrivatePostgres;
use merchant::store::{ErrorKind, Store};
use sqlx::{AnyConnection, Connection as _, Executor as _};

use super::sqlite_url;

const SHORT: Duration = Duration::from_millis(100);

async fn refused(url: &str) -> ErrorKind {
    Store::open(url).await.unwrap_err().kind()
}

#[tokio::test]
async fn a_second_shop_on_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(folder.path());
    let shop = Store::open(&url).await.unwrap();
    assert_eq!(refused(&url).await, ErrorKind::InUse);
    shop.close().await;
    drop(shop);
    Store::open(&url).await.unwrap().close().await;
}

#[tokio::test]
async fn a_locked_file_is_busy_until_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(folder.path());
    let shop = Store::open(&url).await.unwrap();
    let hasty = Store::connect(&url, SHORT).await.unwrap();
    let mut other = AnyConnection::connect(&url).await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let error = hasty.want_bill("2026-11-20", 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}");
    assert!(error.is_temporary());
    other.execute("COMMIT").await.unwrap();
    assert!(hasty.want_bill("2026-11-20", 0).await.unwrap());
    assert_eq!(shop.claim(0, 1, 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(folder.path());
    std::fs::write(folder.path().join("shop.db"), vec![b'?'; 8192]).unwrap();
    assert_eq!(refused(&url).await, ErrorKind::Unreadable);
    let nowhere = sqlite_url(&folder.path().join("nowhere"));
    assert_eq!(refused(&nowhere).await, ErrorKind::Gone);
    assert_eq!(refused("mysql://localhost/shop").await, ErrorKind::Url);
    let error = Store::open("shop.db").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Url);
    assert!(
        error.to_string().contains("sqlite: nor postgres:"),
        "{error}"
    );
}

#[tokio::test]
async fn tables_of_a_later_version_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder.path().join("a shop"));
    std::fs::create_dir(folder.path().join("a shop")).unwrap();
    Store::open(&url).await.unwrap().close().await;
    let mut later = AnyConnection::connect(&url).await.unwrap();
    let migrated =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                    VALUES (999, 'later', 1, x'00', 0)";
    later.execute(migrated).await.unwrap();
    later.close().await.unwrap();
    assert_eq!(refused(&url).await, ErrorKind::Unreadable);
}

/// Called by the test on PostgreSQL, as it has one.
pub(super) async fn when_the_server_is_gone(url: &str, server: &mut PrivatePostgres) {
    // Shops that start side by side make the tables once.
    let (shop, another) = tokio::join!(Store::open(url), Store::open(url));
    shop.unwrap().ping().await.unwrap();
    another.unwrap().ping().await.unwrap();
    let hasty = Store::connect(url, SHORT).await.unwrap();
    let mut other = AnyConnection::connect(url).await.unwrap();
    other.execute("BEGIN").await.unwrap();
    other.execute("LOCK TABLE bills").await.unwrap();
    let error = hasty.want_bill("2026-11-20", 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}");
    server.stop().unwrap();
    for _ in 0..3 {
        let error = hasty.want_bill("2026-11-20", 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gone, "{error:?}");
    }
}
