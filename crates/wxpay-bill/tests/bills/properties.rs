//! Bills of random rows in random layouts, random bytes, and bills with random damage.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use wxpay_bill::{
    Bill, Fee, Fen, FundFlows, ProfitSharings, RecordBill, Records, TradeBill, Trades,
};

use crate::files;
use crate::support::{Chunks, Outcome, Show, fee, fen, gzip, overlapped, reader, slice};

/// A value: any characters but control characters and what separates two fields.
fn value() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        4 => any::<char>(),
        2 => proptest::sample::select(vec![',', '`', '"', '\'', ' ', '\u{feff}', '\u{a0}', '<', '{', '=', '深']),
        4 => proptest::char::range('!', '~'),
    ];
    proptest::collection::vec(char, 0..40)
        .prop_map(|chars| {
            let text: String = chars.into_iter().filter(|c| !c.is_control()).collect();
            text.replace(",`", "`,")
        })
        .prop_filter("the separator again", |text| !text.contains(",`"))
}

/// An amount as a bill writes it, and in fen.
fn amount() -> impl Strategy<Value = (String, i64)> {
    let number = prop_oneof![
        Just(0),
        -1000..1000i64,
        any::<i32>().prop_map(i64::from),
        -(1 << 52)..1i64 << 52
    ];
    (number, 0..4u8).prop_map(|(fen, form)| {
        let text = decimals(fen, 100, 2);
        // Zeros at the end may be missing.
        let short = match (form, fen % 100, fen % 10) {
            (0, 0, _) => text.strip_suffix(".00"),
            (1, _, 0) => text.strip_suffix('0'),
            _ => None,
        };
        (short.unwrap_or(&text).to_owned(), fen)
    })
}

/// A fee as a bill writes it, and in thousandths of a fen.
fn fee_amount() -> impl Strategy<Value = (String, i64)> {
    let number = prop_oneof![
        Just(0),
        any::<i32>().prop_map(i64::from),
        -(1 << 52)..1i64 << 52
    ];
    number.prop_map(|fee| (decimals(fee, 100_000, 5), fee))
}

fn decimals(number: impl Into<i128>, one: i128, places: usize) -> String {
    let number: i128 = number.into();
    let sign = if number < 0 { "-" } else { "" };
    let number = number.abs();
    format!("{sign}{}.{:0places$}", number / one, number % one)
}

/// A time as a bill writes it, and with its zone.
fn time() -> impl Strategy<Value = (String, String)> {
    (2000..2100, 1..=12, 1..=28, 0..24, 0..60, 0..60).prop_map(
        |(year, month, day, hour, minute, second)| {
            let day = format!("{year}-{month:02}-{day:02}");
            let time = format!("{hour:02}:{minute:02}:{second:02}");
            (format!("{day} {time}"), format!("{day}T{time}+08:00"))
        },
    )
}

const TEXTS: [&str; 7] = [
    "微信订单号",
    "商户订单号",
    "商品名称",
    "商户数据包",
    "设备号",
    "费率",
    "别的",
];
const AMOUNTS: [&str; 6] = [
    "订单金额",
    "应结订单金额",
    "代金券金额",
    "退款金额",
    "充值券退款金额",
    "申请退款金额",
];
const SUMS: [(&str, &str); 5] = [
    ("订单总金额", "订单金额"),
    ("应结订单总金额", "应结订单金额"),
    ("退款总金额", "退款金额"),
    ("充值券退款总金额", "充值券退款金额"),
    ("申请退款总金额", "申请退款金额"),
];

/// A row of all columns.
#[derive(Clone, Debug)]
struct Row {
    time: (String, String),
    state: &'static str,
    texts: [String; TEXTS.len()],
    amounts: Vec<(String, i64)>,
    fee: (String, i64),
}

fn row() -> impl Strategy<Value = Row> {
    (
        time(),
        proptest::sample::select(vec!["SUCCESS", "REFUND", "REVOKED", "NEW"]),
        proptest::array::uniform7(value()),
        proptest::collection::vec(amount(), AMOUNTS.len()),
        fee_amount(),
    )
        .prop_map(|(time, state, texts, amounts, fee)| Row {
            time,
            state,
            texts,
            amounts,
            fee,
        })
}

impl Row {
    fn field(&self, name: &str) -> &str {
        let text = TEXTS.iter().position(|text| *text == name);
        let amount = AMOUNTS.iter().position(|amount| *amount == name);
        match (text, amount, name) {
            (Some(index), ..) => &self.texts[index],
            (_, Some(index), _) => &self.amounts[index].0,
            (.., "交易时间") => &self.time.0,
            (.., "交易状态") => self.state,
            (.., "手续费") => &self.fee.0,
            _ => panic!("{name}"),
        }
    }

    fn fen(&self, name: &str) -> i64 {
        let index = AMOUNTS.iter().position(|amount| *amount == name);
        self.amounts[index.unwrap()].1
    }
}

/// A layout: columns in any order, some left out; sums in any order, some left out.
fn layout() -> impl Strategy<Value = (Vec<&'static str>, Vec<&'static str>)> {
    let required = ["交易时间", "交易状态", "微信订单号", "商户订单号"];
    let others: Vec<&str> = TEXTS[2..]
        .iter()
        .chain(&AMOUNTS)
        .copied()
        .chain(["手续费"])
        .collect();
    let count = others.len();
    let columns = subsequence(others, 0..=count)
        .prop_map(move |others| required.into_iter().chain(others).collect::<Vec<_>>())
        .prop_shuffle();
    let sums: Vec<_> = SUMS
        .iter()
        .map(|(sum, _)| *sum)
        .chain(["总交易单数", "手续费总金额"])
        .collect();
    let count = sums.len();
    let sums = subsequence(sums, 0..=count)
        .prop_map(|mut sums| {
            // One that says what it is.
            if !sums.contains(&"总交易单数") && !sums.contains(&"订单总金额") {
                sums.push("总交易单数");
            }
            sums
        })
        .prop_shuffle();
    (columns, sums)
}

/// What the rows add up to, as far as there are columns.
fn sum(rows: &[Row], columns: &[&str], sum: &str) -> i128 {
    if sum == "总交易单数" {
        return rows.len() as i128;
    }
    let column = SUMS
        .iter()
        .find(|(name, _)| *name == sum)
        .map_or("手续费", |(_, column)| column);
    if !columns.contains(&column) {
        return 0;
    }
    let numbers = rows.iter().map(|row| match column {
        "手续费" => row.fee.1,
        _ => row.fen(column),
    });
    numbers.map(i128::from).sum()
}

fn bill(
    rows: &[Row],
    columns: &[&str],
    sums: &[&str],
    feed: &str,
    bom: bool,
    last: bool,
) -> String {
    let mut lines = vec![columns.join(",")];
    for row in rows {
        let fields: Vec<_> = columns.iter().map(|name| row.field(name)).collect();
        lines.push(format!("`{}", fields.join(",`")));
    }
    lines.push(sums.join(","));
    let fields: Vec<_> = sums
        .iter()
        .map(|name| {
            let number = sum(rows, columns, name);
            match *name {
                "总交易单数" => number.to_string(),
                "手续费总金额" => decimals(number, 100_000, 5),
                _ => decimals(number, 100, 2),
            }
        })
        .collect();
    lines.push(format!("`{}", fields.join(",`")));
    let mut text = if bom { "\u{feff}" } else { "" }.to_owned() + &lines.join(feed);
    if last {
        text += feed;
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn bills_are_read_back_exactly(
        rows in proptest::collection::vec(row(), 0..12),
        (columns, sums) in layout(),
        returns in any::<bool>(),
        bom in any::<bool>(),
        last in any::<bool>(),
        at_a_time in 1..3000usize,
    ) {
        let feed = if returns { "\r\n" } else { "\n" };
        let text = bill(&rows, &columns, &sums, feed, bom, last);
        let mut bill = TradeBill::from_slice(text.as_bytes());
        for expected in &rows {
            let row = bill.next_row().unwrap().unwrap();
            prop_assert_eq!(&row.trade_time().to_string(), &expected.time.1);
            prop_assert_eq!(row.trade_state().as_str(), expected.state);
            prop_assert_eq!(row.transaction_id(), &expected.texts[0]);
            prop_assert_eq!(row.out_trade_no(), &expected.texts[1]);
            let has = |name: &str| columns.contains(&name);
            let fen_of = |name: &str| has(name).then(|| Fen::new(expected.fen(name)));
            prop_assert_eq!(row.description(), if has("商品名称") { &expected.texts[2] } else { "" });
            prop_assert_eq!(row.attach(), if has("商户数据包") { &expected.texts[3] } else { "" });
            prop_assert_eq!(row.total(), fen_of("订单金额"));
            prop_assert_eq!(row.settlement_total(), fen_of("应结订单金额"));
            prop_assert_eq!(row.coupon_amount(), fen_of("代金券金额"));
            prop_assert_eq!(row.fee(), has("手续费").then(|| Fee::from_millifen(expected.fee.1)));
            if let Some(refund) = row.refund() {
                prop_assert_eq!(refund.amount, fen_of("退款金额"));
                prop_assert_eq!(refund.coupon_amount, fen_of("充值券退款金额"));
                prop_assert_eq!(refund.requested_amount, fen_of("申请退款金额"));
            }
            let record = row.record();
            prop_assert_eq!(record.iter().len(), columns.len());
            for ((name, value), column) in record.iter().zip(&columns) {
                prop_assert_eq!(name, *column);
                prop_assert_eq!(value, expected.field(column));
                prop_assert_eq!(record.get(column), Some(value));
            }
        }
        prop_assert!(bill.next_row().unwrap().is_none());
        let summary = *bill.summary().unwrap();
        let fen_sum = |name: &str| sums.contains(&name).then(|| sum(&rows, &columns, name).to_string());
        let shown = |amount: Option<Fen>| amount.map(|_| fen(amount));
        prop_assert_eq!(summary.count.map(|count| count.to_string()), fen_sum("总交易单数"));
        prop_assert_eq!(shown(summary.total), fen_sum("订单总金额"));
        prop_assert_eq!(shown(summary.settlement_total), fen_sum("应结订单总金额"));
        prop_assert_eq!(shown(summary.refund), fen_sum("退款总金额"));
        prop_assert_eq!(shown(summary.coupon_refund), fen_sum("充值券退款总金额"));
        prop_assert_eq!(shown(summary.requested_refund), fen_sum("申请退款总金额"));
        prop_assert_eq!(summary.fee.map(|_| fee(summary.fee)), fen_sum("手续费总金额"));

        let outcome = slice::<Trades>(text.as_bytes());
        prop_assert!(outcome.is_clean());
        prop_assert_eq!(&reader::<Trades>(text.as_bytes(), at_a_time), &outcome);
        prop_assert_eq!(&overlapped::<Trades>(text.as_bytes(), at_a_time), &outcome);
        prop_assert_eq!(&reader::<Trades>(&gzip(text.as_bytes()), at_a_time), &outcome);
    }

    #[test]
    fn a_sum_that_is_wrong_by_one_is_told(
        rows in proptest::collection::vec(row(), 1..5),
        (columns, sums) in layout(),
        which in any::<Index>(),
        off in prop_oneof![Just(1), Just(-1), -1000..1000i64, any::<i32>().prop_map(i64::from)],
    ) {
        prop_assume!(off != 0);
        let text = bill(&rows, &columns, &sums, "\n", false, true);
        let at = which.index(sums.len());
        let right = sum(&rows, &columns, sums[at]);
        let wrong = right + i128::from(off);
        prop_assume!(sums[at] != "总交易单数" || wrong >= 0);
        let write = |number| match sums[at] {
            "总交易单数" => format!("{number}"),
            "手续费总金额" => decimals(number, 100_000, 5),
            _ => decimals(number, 100, 2),
        };
        let (before, summary) = text.trim_end().rsplit_once('\n').unwrap();
        let mut fields: Vec<_> = summary[1..].split(",`").map(str::to_owned).collect();
        fields[at] = write(wrong);
        let text = format!("{before}\n`{}\n", fields.join(",`"));
        let outcome = slice::<Trades>(text.as_bytes());
        prop_assert_eq!(outcome.rows.len(), rows.len());
        let end = outcome.end();
        prop_assert_eq!(end.line, Some(rows.len() as u64 + 3));
        prop_assert_eq!(end.column, Some(at + 1));
        let problem = format!("the summary says {}, the rows add up to {}", write(wrong), write(right));
        prop_assert!(end.text.ends_with(&problem), "{}", end.text);
    }

    #[test]
    fn records_of_any_names(
        names in proptest::collection::vec("[a-z\u{4e00}-\u{4e20}]{1,6}", 2..60),
        values in proptest::collection::vec(value(), 60),
        rows in 0..4usize,
    ) {
        let line = |shift: usize| {
            let fields: Vec<_> = (0..names.len()).map(|at| values[(at + shift) % 60].as_str()).collect();
            format!("`{}\n", fields.join(",`"))
        };
        let mut text = names.join(",") + "\n";
        for row in 0..rows {
            text += &line(row);
        }
        text += "x,y\n`1,`2\n";
        let mut bill = RecordBill::from_slice(text.as_bytes());
        for row in 0..rows {
            let record = bill.next_row().unwrap().unwrap();
            prop_assert_eq!(record.line(), row as u64 + 2);
            for (at, (name, value)) in record.iter().enumerate() {
                prop_assert_eq!(name, &names[at]);
                prop_assert_eq!(value, &values[(at + row) % 60]);
            }
        }
        prop_assert!(bill.next_row().unwrap().is_none());
        prop_assert_eq!(bill.summary().unwrap(), &[("x".to_owned(), "1".to_owned()), ("y".to_owned(), "2".to_owned())]);
    }
}

/// Nothing panics, everything ends, and it is the same from a slice and from a reader.
fn agree<T: Show>(bytes: &[u8], at_a_time: usize) -> Outcome {
    let outcome = slice::<T>(bytes);
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        assert!(outcome.rows.len() <= lines);
        assert!(outcome.errors.len() <= lines + 2);
        // How far damaged data was unpacked before it was seen hangs on how it came.
        assert_eq!(reader::<T>(bytes, at_a_time), outcome);
    }
    outcome
}

fn agree_on_all(bytes: &[u8], at_a_time: usize) {
    agree::<Trades>(bytes, at_a_time);
    agree::<FundFlows>(bytes, at_a_time);
    agree::<ProfitSharings>(bytes, at_a_time);
    agree::<Records>(bytes, at_a_time);
}

/// Bytes a bill is made of.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let header = files::text(files::TRADE_SUCCESS).lines().next().unwrap();
    let row = files::text(files::TRADE_SUCCESS).lines().nth(1).unwrap();
    let piece = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b",`".to_vec()),
        Just(b"`".to_vec()),
        Just(b"a,b".to_vec()),
        Just(b"`1,`2\n".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"\xc9\xee".to_vec()),
        Just("深".as_bytes().to_vec()),
        Just(b"<".to_vec()),
        Just(b"{".to_vec()),
        Just(b"\"code\":\"X\"".to_vec()),
        Just("分账时间,分账接收方,金额\n".as_bytes().to_vec()),
        Just("`2024-01-01 00:00:00,x,1.00\n".as_bytes().to_vec()),
        Just("2024-01-01 00:00:00,x,1.00\n".as_bytes().to_vec()),
        Just("总交易单数,资金流水总笔数\n".as_bytes().to_vec()),
        Just(format!("{header}\n").into_bytes()),
        Just(format!("{row}\r\n").into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// A change to a file.
#[derive(Clone, Debug)]
enum Change {
    Byte(Index, u8),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    Repeat(Index, usize),
    Swap(Index, Index),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (any::<Index>(), pieces()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<Index>(), 0..200usize).prop_map(|(at, count)| Change::Delete(at, count)),
        (any::<Index>(), 0..400usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::Swap(one, other)),
        any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(file: &mut Vec<u8>, change: &Change) {
    if file.is_empty() {
        return;
    }
    let length = file.len();
    let range = |at: &Index, count: usize| {
        let start = at.index(length);
        start..(start + count).min(length)
    };
    match change {
        Change::Byte(at, byte) => file[at.index(length)] = *byte,
        Change::Insert(at, bytes) => drop(file.splice(range(at, 0), bytes.iter().copied())),
        Change::Delete(at, count) => drop(file.drain(range(at, *count))),
        Change::Repeat(at, count) => {
            let again = file[range(at, *count)].to_vec();
            file.splice(range(at, 0), again);
        }
        Change::Swap(one, other) => file.swap(one.index(length), other.index(length)),
        Change::Cut(at) => file.truncate(at.index(length)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300), at_a_time in 1..50usize) {
        agree_on_all(&bytes, at_a_time);
        let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], &bytes[..]].concat();
        agree_on_all(&packed, at_a_time);
    }

    #[test]
    fn any_pieces(bytes in pieces(), at_a_time in 1..50usize) {
        agree_on_all(&bytes, at_a_time);
    }

    #[test]
    fn damaged_bills(
        which in any::<Index>(),
        changes in proptest::collection::vec(change(), 1..4),
        at_a_time in 1..500usize,
    ) {
        let all: Vec<_> = files::all().collect();
        let mut file = which.get(&all).to_vec();
        for change in &changes {
            apply(&mut file, change);
        }
        agree_on_all(&file, at_a_time);
    }

    #[test]
    fn damaged_gzip(changes in proptest::collection::vec(change(), 1..3), at_a_time in 1..500usize) {
        let mut file = files::TRADE_ALL_GZ.to_vec();
        for change in &changes {
            apply(&mut file, change);
        }
        let outcome = agree::<Trades>(&file, at_a_time);
        let mut bill = Bill::<_, Trades>::from_reader(Chunks::new(&file[..], at_a_time));
        let in_pieces = crate::support::read(&mut bill);
        prop_assert_eq!(outcome.is_clean(), in_pieces.is_clean());
    }
}
