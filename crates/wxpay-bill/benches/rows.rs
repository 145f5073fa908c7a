//! Rows of a trade bill of a million, beside what the machine can do otherwise with the same bytes.
//!
//! Everything runs in one process, so that the ratios mean something. `WXPAY_BENCH_ROWS` sets the number of rows.

use std::env;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Read, Write as _};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sha1::{Digest, Sha1};
use wxpay_bill::reconcile::{AsEntry, Entries, Entry, Outcome, Records, sorted};
use wxpay_bill::{Bill, BlockingSource, Fen, Layout, RecordBill, TradeBill};

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// A bill of 27 columns with right sums, every so many rows of it a refund. Payments are in the order of their numbers.
fn bill(rows: u64, refund_every: u64) -> String {
    let mut text = format!("\u{feff}{HEADER}\r\n");
    let (mut paid, mut back, mut fees) = (0, 0, 0);
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    for row in 0..rows {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let second = row * 86_400 / rows;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let amount = state % 50_000 + 1;
        // What compresses as badly as real numbers do.
        let (trade, order) = (
            mixed(row) % 100_000_000_000,
            mixed(row << 1) % 10_000_000_000,
        );
        let payer = format!(
            "{:011x}{:09x}",
            mixed(row << 2) >> 20,
            mixed(row << 3) >> 28
        );
        let yuan = format!("{}.{:02}", amount / 100, amount % 100);
        let fee = amount * 6;
        let shown = format!("{}.{:05}", fee / 100_000, fee % 100_000);
        let _ = write!(
            text,
            "`2024-01-01 {hour:02}:{minute:02}:{second:02},`wxd678efh567hg6787,`1900007291,`0,`,`42000023462024010{trade:011},`20240101{row:010}{order:010},`oUpF8uM{payer:.21},`JSAPI,",
        );
        if row % refund_every == refund_every - 1 {
            back += amount;
            fees -= i128::from(fee);
            let _ = write!(
                text,
                "`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030103462024010{trade:011},`R{order:010}{row:07},`{yuan},`0.00,`ORIGINAL,`SUCCESS,`深圳,腾大 公仔,`桌号=12,人数=2,`-{shown},`0.60%,`0.00,`{yuan},`\r\n",
            );
        } else {
            paid += amount;
            fees += i128::from(fee);
            let _ = write!(
                text,
                "`SUCCESS,`OTHERS,`CNY,`{yuan},`0.00,`0,`0,`0.00,`0.00,`,`,`深圳,腾大 公仔,`桌号=12,人数=2,`{shown},`0.60%,`{yuan},`0.00,`\r\n",
            );
        }
    }
    let yuan = |fen: u64| format!("{}.{:02}", fen / 100, fen % 100);
    let (paid, back) = (yuan(paid), yuan(back));
    let fees = format!("{}.{:05}", fees / 100_000, fees % 100_000);
    let _ = write!(
        text,
        "{SUMMARY}\r\n`{rows},`{paid},`{back},`0.00,`{fees},`{paid},`{back}\r\n"
    );
    text
}

/// Any number for a number, always the same (SplitMix64).
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn bench(c: &mut Criterion) {
    let rows = env::var("WXPAY_BENCH_ROWS")
        .ok()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(1_000_000);
    // For ever, because another thread may read them.
    let text: &'static str = String::leak(bill(rows, 20));
    let bytes = text.as_bytes();
    let packed: &'static [u8] = Vec::leak(gzip(bytes));
    let hash = hex(&Sha1::digest(bytes));
    let hash = hash.as_str();

    let mut group = c.benchmark_group("bill");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    baselines(&mut group, bytes, packed);
    let mut measure = |name: &str, run: &dyn Fn() -> u64| {
        group.bench_function(name, |b| b.iter(|| assert_eq!(run(), rows)));
    };
    measure("records", &|| read(RecordBill::from_slice(bytes)));
    measure("typed rows", &|| read(TradeBill::from_slice(bytes)));
    measure("typed rows, from a reader", &|| {
        read(TradeBill::from_reader(bytes))
    });
    measure("typed rows and hash", &|| {
        read(with_hash(TradeBill::from_slice(bytes), hash))
    });
    measure("typed rows and hash, overlapped", &|| {
        read(with_hash(TradeBill::from_reader(bytes), hash).overlapped())
    });
    measure("gzip, typed rows", &|| read(TradeBill::from_slice(packed)));
    measure("gzip, typed rows, overlapped", &|| {
        read(TradeBill::from_reader(packed).overlapped())
    });
    measure("gzip, typed rows and hash", &|| {
        read(with_hash(TradeBill::from_slice(packed), hash))
    });
    measure("gzip, typed rows and hash, overlapped", &|| {
        read(with_hash(TradeBill::from_reader(packed), hash).overlapped())
    });
    reconciliation(&mut group, rows);
    group.finish();
}

/// Reads a bill to its end.
fn read<S: BlockingSource, T: Layout>(mut bill: Bill<S, T>) -> u64 {
    bill.for_each(|row| {
        black_box(&row);
    })
    .expect("a right bill");
    bill.rows()
}

fn with_hash<S: BlockingSource>(bill: TradeBill<S>, hash: &str) -> TradeBill<S> {
    bill.hash("SHA1", hash).expect("a hash")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// An order in the books of a shop.
#[derive(Clone)]
struct Order {
    out_trade_no: String,
    transaction_id: String,
    total: Fen,
}

impl AsEntry for Order {
    fn as_entry(&self) -> Entry<'_> {
        Entry::payment(&self.out_trade_no, self.total)
            .with_id(&self.transaction_id)
            .with_state("SUCCESS")
    }
}

/// A bill against books that are sorted as it is, beside reading the bill alone.
fn reconciliation(group: &mut BenchmarkGroup<'_, WallTime>, rows: u64) {
    let text = bill(rows, u64::MAX);
    let bytes = text.as_bytes();
    let mut books = Vec::new();
    TradeBill::from_slice(bytes)
        .for_each(|row| {
            books.push(Order {
                out_trade_no: row.out_trade_no().to_owned(),
                transaction_id: row.transaction_id().to_owned(),
                total: row.total().unwrap_or_default(),
            });
        })
        .expect("a right bill");
    let bill = books.clone();
    group.throughput(Throughput::Elements(rows));
    group.bench_function("baseline: typed rows of payments", |b| {
        b.iter(|| read(TradeBill::from_slice(bytes)));
    });
    group.bench_function("typed rows of payments, reconciled", |b| {
        b.iter(|| assert_eq!(matched(TradeBill::from_slice(bytes), &books), rows));
    });
    group.bench_function("two sorted sides in memory, reconciled", |b| {
        b.iter(|| assert_eq!(matched(Records::new(&bill), &books), rows));
    });
}

/// How many entries of a bill are in the books as well.
fn matched(bill: impl Entries<Error: std::fmt::Debug>, books: &[Order]) -> u64 {
    let mut matched = 0;
    sorted(bill, Records::new(books), |outcome| {
        matched += u64::from(matches!(outcome, Outcome::Matched { .. }));
    })
    .expect("both sides are right and sorted");
    matched
}

/// What others do with the same bytes.
fn baselines(group: &mut BenchmarkGroup<'_, WallTime>, bytes: &[u8], packed: &[u8]) {
    group.bench_function("baseline: sha1", |b| b.iter(|| Sha1::digest(bytes)));
    group.bench_function("baseline: csv crate, byte records", |b| {
        b.iter(|| {
            let mut reader = csv::ReaderBuilder::new()
                .flexible(true)
                .quoting(false)
                .from_reader(bytes);
            let (mut record, mut fields) = (csv::ByteRecord::new(), 0);
            while reader.read_byte_record(&mut record).expect("text") {
                fields += record.len();
            }
            fields
        });
    });
    group.bench_function("baseline: gunzip", |b| {
        let mut buffer = vec![0; 128 * 1024];
        b.iter(|| {
            let mut reader = MultiGzDecoder::new(packed);
            let mut length = 0;
            loop {
                match reader.read(&mut buffer).expect("gzip") {
                    0 => return length,
                    read => length += read,
                }
            }
        });
    });
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

criterion_group!(benches, bench);
criterion_main!(benches);
