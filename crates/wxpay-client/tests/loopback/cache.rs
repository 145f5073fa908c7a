//! Platform certificates on disk.

use std::fs;
use std::time::Duration;

use tokio::time::Instant;
use wxpay_client::{Client, Timeouts};

use crate::support::{Platform, Server, builder, merchant, query};

async fn server() -> Server {
    let platform = Platform::a();
    Server::start(move |seen| {
        if seen.target.starts_with("/v3/certificates") {
            platform.certificates(&[&platform]).into()
        } else {
            platform.answer(200, "{}").into()
        }
    })
    .await
}

fn client(server: &Server, folder: &tempfile::TempDir) -> Client {
    builder(merchant(), server)
        .certificate_cache(folder.path().join("certificates"))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_second_process_needs_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    for _ in 0..3 {
        client(&server, &folder).execute(&query()).await.unwrap();
    }
    assert_eq!(server.certificate_requests(), 1);
}

#[tokio::test]
async fn processes_that_start_together_fetch_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let calls: Vec<_> = (0..5)
        .map(|_| {
            // Each has a keyring of its own, like a process of its own.
            let client = client(&server, &folder);
            tokio::spawn(async move { client.execute(&query()).await.map(|_| ()) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.certificate_requests(), 1);
}

#[tokio::test]
async fn a_process_that_is_stuck_with_the_lock_does_not_fail_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let stuck = fs::File::create(folder.path().join("certificates.lock")).unwrap();
    stuck.lock().unwrap();
    let server = server().await;
    let client = builder(merchant(), &server)
        .certificate_cache(folder.path().join("certificates"))
        .timeouts(Timeouts::default().with_call(Duration::from_secs(4)))
        .build()
        .unwrap();
    let start = Instant::now();
    client.execute(&query()).await.unwrap();
    // A network that is slower than this machine needs what is left of the four seconds.
    assert!(start.elapsed() < Duration::from_millis(3500));
    assert_eq!(server.certificate_requests(), 1);
    drop(stuck);
}

#[tokio::test]
async fn a_useless_cache_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificates");
    let server = server().await;
    client(&server, &folder).execute(&query()).await.unwrap();
    let good = fs::read(&path).unwrap();
    assert!(
        !String::from_utf8_lossy(&good).contains("BEGIN"),
        "certificates stay encrypted"
    );

    let mut cut = good.clone();
    cut.truncate(good.len() / 2);
    // A byte within the encrypted text of the certificate.
    let mut altered = good.clone();
    let middle = good.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    for (count, useless) in [b"rubbish".to_vec(), Vec::new(), cut, altered]
        .into_iter()
        .enumerate()
    {
        fs::write(&path, useless).unwrap();
        client(&server, &folder).execute(&query()).await.unwrap();
        assert_eq!(server.certificate_requests(), count + 2);
        client(&server, &folder).execute(&query()).await.unwrap();
        assert_eq!(server.certificate_requests(), count + 2, "it is good again");
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let client = builder(merchant(), &server)
        .certificate_cache(folder.path().join("missing").join("certificates"))
        .build()
        .unwrap();
    client.execute(&query()).await.unwrap();
}
