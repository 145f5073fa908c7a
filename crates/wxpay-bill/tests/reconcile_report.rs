//! What people are shown of a reconciliation.

use std::io;

use wxpay_bill::reconcile::{Category, Cause, Entry, EntryKind, Records, Report, Side, sorted};
use wxpay_json::{Date, DateTime, Fen};

fn at(text: &str) -> DateTime {
    text.parse().expect("a time")
}

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn reported(report: Report, bill: &[Entry<'_>], books: &[Entry<'_>]) -> Report {
    let mut report = report;
    sorted(Records::new(bill), Records::new(books), |outcome| {
        report.add(&outcome);
    })
    .expect("sorted");
    report
}

/// A day with one of everything.
fn a_day() -> Report {
    let bill = [
        Entry::payment("A1", Fen::new(1000)).with_state("SUCCESS"),
        Entry::payment("A2", Fen::new(100)).with_state("SUCCESS"),
        Entry::payment("A4", Fen::new(1234)).with_time(at("2026-02-28T12:00:00+08:00")),
        Entry::payment("A5", Fen::new(50)),
        Entry::payment("A5", Fen::new(50)),
        Entry::refund("R1", Fen::new(100))
            .with_id("50000000382019052709732678859")
            .with_state("SUCCESS"),
    ];
    let books = [
        Entry::payment("A1", Fen::new(1000)),
        Entry::payment("A2", Fen::new(90)).with_state("REFUND"),
        Entry::payment("A3", Fen::new(5)).with_time(at("2026-02-28T23:59:58+08:00")),
        Entry::payment("A5", Fen::new(50)),
        Entry::refund("R1", Fen::new(100)).with_id("5"),
    ];
    reported(Report::new().day(day("2026-02-28")), &bill, &books)
}

#[test]
fn the_text_has_totals_and_then_differences() {
    let expected = "\
Reconciliation (对账) of 2026-02-28: 5 differences (差异)

                    bill (账单)  yuan (元)  books (商户账)  yuan (元)
payment (支付)                5      24.34               4      11.45
  matched (一致)              1      10.00               1      10.00
  only here (单边)            1      12.34               1       0.05
  differing (不符)            1       1.00               1       0.90
  duplicate (重复)            2       1.00               1       0.50
refund (退款)                 1       1.00               1       1.00
  differing (不符)            1       1.00               1       1.00

missing in the bill (短款): 1
  payment A3: 0.05 yuan at 2026-02-28 23:59:58, likely in the bill of 2026-03-01

missing in the books (长款): 1
  payment A4: 12.34 yuan at 2026-02-28 12:00:00

differing (不符): 2
  payment A2: 1.00 yuan in the bill, 0.90 yuan in the books; state SUCCESS in the bill, REFUND in the books
  refund R1: id 50000000382019052709732678859 in the bill, 5 in the books

duplicate (重复): 1
  payment A5: 2 times in the bill (0.50, 0.50 yuan), once in the books (0.50 yuan)
";
    assert_eq!(a_day().to_string(), expected);
}

#[test]
fn the_csv_has_a_line_for_each() {
    let mut out = Vec::new();
    a_day().write_csv(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(
        lines,
        [
            "\u{FEFF}cause (原因),kind (类型),number (商户单号),bill count (账单笔数),\
             bill yuan (账单金额),books count (商户笔数),books yuan (商户金额),\
             bill id (账单微信单号),books id (商户微信单号),bill state (账单状态),\
             books state (商户状态),bill time (账单时间),books time (商户时间),\
             likely day (可能所在日),note (备注)",
            "differs,payment,`A2,1,1.00,1,0.90,,,`SUCCESS,`REFUND,,,,differs in amount and state",
            "missing_in_bill,payment,`A3,0,,1,0.05,,,,,,2026-02-28 23:59:58,2026-03-01,",
            "missing_in_books,payment,`A4,1,12.34,0,,,,,,2026-02-28 12:00:00,,,",
            "duplicate,payment,`A5,2,1.00,1,0.50,,,,,,,,",
            "differs,refund,`R1,1,1.00,1,1.00,`50000000382019052709732678859,`5,`SUCCESS,,,,,\
             differs in id",
            "",
        ]
    );
}

#[test]
fn a_clean_day_is_short() {
    let entry = Entry::payment("A1", Fen::new(1));
    let report = reported(Report::new(), &[entry], &[entry]);
    assert!(report.is_clean());
    assert_eq!(
        report.to_string(),
        "\
Reconciliation (对账): no differences (无差异)

                  bill (账单)  yuan (元)  books (商户账)  yuan (元)
payment (支付)              1       0.01               1       0.01
  matched (一致)            1       0.01               1       0.01
"
    );
    let empty = Report::default();
    assert!(empty.is_clean());
    assert_eq!(
        empty.to_string(),
        "Reconciliation (对账): no differences (无差异)\n"
    );
}

#[test]
fn sums_are_exact_where_64_bits_are_not_enough() {
    let entries = [
        Entry::payment("A1", Fen::new(i64::MIN)),
        Entry::payment("A2", Fen::new(i64::MIN)),
    ];
    let report = reported(Report::new(), &entries, &entries);
    let total = report.total(Side::Bill, EntryKind::Payment);
    assert_eq!(total.sum.as_fen(), 2 * i128::from(i64::MIN));
    assert_eq!(total.sum.to_string(), "-184467440737095516.16");
    assert_eq!((total.count, report.entries(Side::Books)), (2, 2));
    let refunds = report.tally(Side::Bill, EntryKind::Refund, Category::Matched);
    assert_eq!(refunds.count, 0);
}

#[test]
fn what_is_not_kept_is_counted_and_said() {
    let numbers: Vec<_> = (0..50).map(|number| format!("A{number:02}")).collect();
    let mut bill: Vec<_> = numbers
        .iter()
        .map(|number| Entry::payment(number, Fen::new(1)))
        .collect();
    bill.push(Entry::payment("B", Fen::new(1)));
    let books = [Entry::payment("B", Fen::new(2))];
    let report = reported(Report::new().keep(3), &bill, &books);
    assert_eq!(report.count(Cause::MissingInBooks), 50);
    assert_eq!(report.left_out(Cause::MissingInBooks), 47);
    assert_eq!(report.left_out(Cause::Differs), 0);
    let numbers: Vec<_> = report
        .differences()
        .iter()
        .map(|difference| difference.number.as_str())
        .collect();
    assert_eq!(numbers, ["A00", "A01", "A02", "B"]);
    let text = report.to_string();
    assert!(text.contains("  payment A02: 0.01 yuan\n  and 47 more that are not listed\n"));
    let mut csv = Vec::new();
    report.write_csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.ends_with("\r\nleft_out,,,,,,,,,,,,,,47 more of missing_in_books\r\n"));

    // All of them are kept, and the short text still is short.
    let report = reported(Report::new(), &bill, &books);
    let text = report.to_string();
    assert!(text.contains("  payment A19: 0.01 yuan\n  and 30 more that are not listed\n"));
    assert!(!text.contains("A20"));
    assert!(format!("{report:#}").contains("  payment A49: 0.01 yuan\n\n"));
}

#[test]
fn the_edge_of_a_day_is_marked() {
    let likely = |report: Report, time: &str| {
        let entry = [Entry::payment("A1", Fen::new(1)).with_time(at(time))];
        let other = reported(report.clone(), &[], &entry);
        let report = reported(report, &entry, &[]);
        let likely = report.differences()[0].likely;
        assert_eq!(other.differences()[0].likely, likely);
        assert_eq!(report.at_edge(), u64::from(likely.is_some()));
        likely.map(|day| day.to_string())
    };
    let (before, after) = (Some("2026-02-27".to_owned()), Some("2026-03-01".to_owned()));
    let plain = Report::new;
    assert_eq!(likely(plain(), "2026-02-28T23:50:00+08:00"), after);
    assert_eq!(likely(plain(), "2026-02-28T23:49:59+08:00"), None);
    assert_eq!(likely(plain(), "2026-02-28T00:09:59+08:00"), before);
    assert_eq!(likely(plain(), "2026-02-28T00:10:00+08:00"), None);
    // Midnight is Beijing's.
    assert_eq!(likely(plain(), "2026-02-27T16:00:00Z"), before);
    assert_eq!(likely(plain(), "2026-02-28T23:59:59-12:00"), None);
    let off = plain().window(0);
    assert_eq!(likely(off.clone(), "2026-02-28T23:59:59+08:00"), None);
    assert_eq!(likely(off.clone(), "2026-02-28T00:00:00+08:00"), None);
    // Another day than that of the bill.
    let of_day = off.day(day("2026-02-28"));
    assert_eq!(likely(of_day.clone(), "2026-02-27T12:00:00+08:00"), before);
    assert_eq!(likely(of_day, "2026-02-28T12:00:00+08:00"), None);
    // Every minute is within half a day of midnight, and no window is wider.
    let wide = plain().window(u32::MAX);
    assert_eq!(likely(wide.clone(), "2026-02-28T12:00:00+08:00"), after);
    assert_eq!(likely(wide, "2026-02-28T11:59:59+08:00"), before);
    // There is no day before the first, and none after the last.
    assert_eq!(likely(plain(), "0001-01-01T00:00:00+08:00"), None);
    assert_eq!(likely(plain(), "9999-12-31T23:59:59+08:00"), None);
}

#[test]
fn text_from_outside_does_no_harm() {
    let evil = [
        "=HYPERLINK(\"http://example.com\")",
        "\r\nforged: 0\r\n",
        "\u{1B}[2J\u{202E}\\",
    ];
    let mut bill = evil.map(|number| Entry::payment(number, Fen::new(-100)).with_state("+1"));
    bill.sort_by(Entry::cmp_identity);
    let report = reported(Report::new(), &bill, &[]);
    let text = report.to_string();
    assert!(text.contains("payment =HYPERLINK(\"http://example.com\"): -1.00 yuan\n"));
    assert!(text.contains("payment \\u{d}\\u{a}forged: 0\\u{d}\\u{a}: -1.00 yuan\n"));
    assert!(text.contains("payment \\u{1b}[2J\\u{202e}\\\\: -1.00 yuan\n"));
    let mut csv = Vec::new();
    report.write_csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.contains(",\"`=HYPERLINK(\"\"http://example.com\"\")\",1,-1.00,0,,,,`+1,"));
    assert!(csv.contains(",\"`\r\nforged: 0\r\n\",1,"));
    let long = "9".repeat(1000);
    let report = reported(Report::new(), &[Entry::payment(&long, Fen::ZERO)], &[]);
    assert!(
        report
            .to_string()
            .contains(&format!(" {}...: ", &long[..128]))
    );
}

#[test]
fn a_long_list_of_amounts_ends_with_the_sum() {
    let bill = [Entry::payment("A1", Fen::new(150)); 11];
    let report = reported(Report::new(), &bill, &[]);
    assert_eq!(
        report.differences()[0].to_string(),
        "payment A1: 11 times in the bill (1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, ..., \
         together 16.50 yuan), not in the books"
    );
}

#[test]
fn an_error_of_the_file_is_handed_on() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = a_day().write_csv(Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
