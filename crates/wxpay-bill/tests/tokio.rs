//! Bills from asynchronous readers.
#![cfg(feature = "tokio")]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use wxpay_bill::{ErrorKind, TradeBill};

const BILL: &[u8] = include_bytes!("vectors/trade_all.csv");
const SHA1: &str = "4bdf5d968023705ab8e622c2fb68da1a0b5cb228";

/// Gives a few bytes at a time, and says first every time that there are none yet.
struct Trickle {
    bytes: &'static [u8],
    ready: bool,
}

impl AsyncRead for Trickle {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.ready = !self.ready;
        if !self.ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let (now, rest) = self
            .bytes
            .split_at(self.bytes.len().min(7).min(buf.remaining()));
        buf.put_slice(now);
        self.bytes = rest;
        Poll::Ready(Ok(()))
    }
}

fn trickle(bytes: &'static [u8]) -> Trickle {
    Trickle {
        bytes,
        ready: false,
    }
}

#[tokio::test]
async fn rows_as_they_come() {
    let mut bill = TradeBill::from_async_reader(trickle(BILL))
        .hash("SHA1", SHA1)
        .unwrap();
    let mut numbers = Vec::new();
    while let Some(row) = bill.next_row().await.unwrap() {
        numbers.push(
            row.refund()
                .and_then(|refund| refund.out_refund_no)
                .map(str::to_owned),
        );
    }
    assert_eq!(
        numbers,
        [None, Some("R1217752501201407033233368018".to_owned())]
    );
    assert_eq!(bill.summary().unwrap().count, Some(2));
}

#[tokio::test]
async fn all_rows_at_once() {
    let mut bill = TradeBill::from_async_reader(BILL);
    assert_eq!(bill.progress().file_bytes, 0);
    let mut fees = 0;
    let summary = bill
        .for_each(|row| fees += row.fee().map_or(0, |fee| fee.as_millifen().abs()))
        .await
        .unwrap();
    assert_eq!(summary.and_then(|summary| summary.count), Some(2));
    assert_eq!(fees, 2_000);
    let progress = bill.progress();
    assert_eq!(
        (progress.file_bytes, progress.text_bytes, progress.rows),
        (1179, 1179, 2)
    );
}

#[tokio::test]
async fn a_future_that_is_dropped_loses_nothing() {
    let mut bill = TradeBill::from_async_reader(trickle(BILL));
    let mut rows = 0;
    loop {
        // The reader is never ready at first, so this future is given up every time.
        let next = bill.next_row();
        tokio::pin!(next);
        let given_up = std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending()));
        if given_up.await {
            continue;
        }
        rows += 1;
        if rows == 2 {
            break;
        }
    }
    assert!(bill.next_row().await.unwrap().is_none());
    assert_eq!(bill.rows(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let wrong = "0000000000000000000000000000000000000000";
    let mut bill = TradeBill::from_async_reader(BILL)
        .hash("SHA1", wrong)
        .unwrap();
    let error = loop {
        match bill.next_row().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the hash is wrong"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Hash);
    let again = bill.next_row().await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Ended);

    let mut bill = TradeBill::from_async_reader(&BILL[..BILL.len() - 100]);
    let error = loop {
        match bill.next_row().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the file is cut off"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Truncated);
}
