//! Times and dates: what is read, what is written, and the calendar between.

use proptest::prelude::*;
use wxpay_json::{Date, DateTime};

fn time(text: &str) -> DateTime {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn known_instants() {
    for (text, unix) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2018-06-08T10:34:56+08:00", 1_528_425_296),
        ("2000-02-29T23:59:59+00:00", 951_868_799),
        ("1969-12-31T23:59:59Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
        ("1990-12-31T15:59:59-08:00", 662_687_999),
    ] {
        assert_eq!(time(text).as_unix(), unix, "{text}");
    }
}

#[test]
fn written_as_read() {
    for text in [
        "2018-06-08T10:34:56+08:00",
        "2018-06-08T10:34:56Z",
        "2018-06-08T10:34:56+00:00",
        "2018-06-08T10:34:56-03:30",
        "2018-06-08T10:34:56.1+08:00",
        "2018-06-08T10:34:56.100+08:00",
        "2018-06-08T10:34:56.000000001Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ] {
        assert_eq!(time(text).to_string(), text);
        let json = format!("\"{text}\"");
        assert_eq!(serde_json::to_string(&time(text)).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<DateTime>(&json).unwrap().to_string(),
            text
        );
    }
    assert_eq!(
        time("2018-06-08t10:34:56z").to_string(),
        "2018-06-08T10:34:56Z"
    );
    assert_eq!(
        format!("{:?}", time("2018-06-08T10:34:56Z")),
        "DateTime(2018-06-08T10:34:56Z)"
    );
}

#[test]
fn refused() {
    for text in [
        "",
        "2018-06-08",
        "2018-06-08T10:34:56",
        "2018-06-08 10:34:56+08:00",
        "2018-06-08T10:34+08:00",
        "2018-06-08T10:34:56+0800",
        "2018-06-08T10:34:56+08",
        "2018-06-08T10:34:56.+08:00",
        "2018-06-08T10:34:56.1234567890Z",
        "2018-06-08T24:00:00Z",
        "2018-06-08T10:60:00Z",
        "2018-06-08T10:34:61Z",
        "2018-06-08T10:34:56+24:00",
        "2018-06-08T10:34:56+08:60",
        "2018-02-29T10:34:56Z",
        "1900-02-29T10:34:56Z",
        "2018-13-01T10:34:56Z",
        "2018-00-01T10:34:56Z",
        "2018-01-00T10:34:56Z",
        "0000-01-01T00:00:00Z",
        "+2018-06-08T10:34:56Z",
        "2018-06-08T10:34:56Z ",
        " 2018-06-08T10:34:56Z",
        "2018-06-08T1０:34:56Z",
        "２018-06-08T10:34:56Z",
        "2018-06-0８T10:34:56Z",
    ] {
        assert!(text.parse::<DateTime>().is_err(), "{text:?}");
    }
}

#[test]
fn leap_seconds() {
    assert_eq!(time("2016-12-31T23:59:60Z"), time("2016-12-31T23:59:59Z"));
    assert_eq!(
        time("2017-01-01T07:59:60+08:00"),
        time("2016-12-31T23:59:59Z")
    );
    assert!("2016-12-31T23:58:60Z".parse::<DateTime>().is_err());
    assert!("2016-12-31T23:59:60+08:00".parse::<DateTime>().is_err());
}

#[test]
fn compared_by_instant() {
    let (east, utc) = (
        time("2018-06-08T10:00:00+08:00"),
        time("2018-06-08T02:00:00Z"),
    );
    assert_eq!(east, utc);
    assert!(east < time("2018-06-08T02:00:00.001Z"));
    assert!(east > time("2018-06-08T10:00:00+09:00"));
    assert_eq!(utc.to_beijing().to_string(), "2018-06-08T10:00:00+08:00");
    assert_eq!(
        time("2018-06-08T02:00:00.250Z").to_beijing().to_string(),
        "2018-06-08T10:00:00.250+08:00"
    );
}

#[test]
fn parts() {
    let time = time("2018-06-08T10:34:56.5+08:00");
    assert_eq!((time.hour(), time.minute(), time.second()), (10, 34, 56));
    assert_eq!(
        (time.subsec_nanos(), time.offset_seconds()),
        (500_000_000, 28_800)
    );
    assert_eq!(time.date(), Date::new(2018, 6, 8).unwrap());
}

#[test]
fn from_unix() {
    assert_eq!(
        DateTime::beijing(0).to_string(),
        "1970-01-01T08:00:00+08:00"
    );
    assert_eq!(
        DateTime::from_unix(0, 0).unwrap().to_string(),
        "1970-01-01T00:00:00+00:00"
    );
    assert_eq!(
        DateTime::from_unix(-1, -3600).unwrap().to_string(),
        "1969-12-31T22:59:59-01:00"
    );
    for (seconds, offset) in [
        (0, 30),
        (0, 86_400),
        (0, i32::MIN),
        (i64::MAX, 60),
        (i64::MIN, -60),
        (253_402_300_799, 60),
    ] {
        assert!(
            DateTime::from_unix(seconds, offset).is_err(),
            "{seconds} {offset}"
        );
    }
    assert_eq!(
        DateTime::beijing(i64::MAX).to_string(),
        "9999-12-31T23:59:59+08:00"
    );
    assert_eq!(
        DateTime::beijing(i64::MIN).to_string(),
        "0001-01-01T00:00:00+08:00"
    );
}

#[test]
fn to_beijing_stays_in_the_calendar() {
    let last = time("9999-12-31T23:59:59.5-23:59");
    assert_eq!(last.to_beijing().to_string(), "9999-12-31T23:59:59.5+08:00");
}

/// Walks every day of the calendar and counts along.
#[test]
fn every_day_of_the_calendar() {
    let (mut year, mut month, mut day) = (1u16, 1u8, 1u8);
    let mut date = Date::MIN;
    let mut seconds = time("0001-01-01T00:00:00Z").as_unix();
    loop {
        assert_eq!((date.year(), date.month(), date.day()), (year, month, day));
        assert_eq!(Date::of(DateTime::from_unix(seconds, 0).unwrap()), date);
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let lengths = [
            31,
            if leap { 29 } else { 28 },
            31,
            30,
            31,
            30,
            31,
            31,
            30,
            31,
            30,
            31,
        ];
        day += 1;
        if day > lengths[usize::from(month) - 1] {
            (day, month) = (1, month + 1);
        }
        if month > 12 {
            (month, year) = (1, year + 1);
        }
        seconds += 86_400;
        let Some(next) = date.next() else { break };
        assert_eq!(next.previous(), Some(date));
        date = next;
    }
    assert_eq!((date, year), (Date::MAX, 10_000));
    assert_eq!(Date::MIN.previous(), None);
}

#[test]
fn dates() {
    let date: Date = "2026-02-28".parse().unwrap();
    assert_eq!(date.next().unwrap().to_string(), "2026-03-01");
    assert_eq!(serde_json::to_string(&date).unwrap(), "\"2026-02-28\"");
    assert_eq!(
        serde_json::from_str::<Date>("\"2026-02-28\"").unwrap(),
        date
    );
    assert!(date < "2026-03-01".parse().unwrap());
    for text in [
        "",
        "2026-2-28",
        "2026-02-29",
        "20260228",
        "2026/02/28",
        "2026-02-28T",
        "-026-02-28",
    ] {
        assert!(text.parse::<Date>().is_err(), "{text:?}");
        assert!(
            serde_json::from_str::<Date>(&format!("\"{text}\"")).is_err(),
            "{text:?}"
        );
    }
}

proptest! {
    #[test]
    fn unix_round_trip(seconds in -62_135_510_400i64..=253_402_214_399, minutes in -1439i32..=1439) {
        let time = DateTime::from_unix(seconds, minutes * 60).unwrap();
        let read: DateTime = time.to_string().parse().unwrap();
        prop_assert_eq!(read.as_unix(), seconds);
        prop_assert_eq!(read.offset_seconds(), minutes * 60);
        prop_assert_eq!(read.to_string(), time.to_string());
    }

    #[test]
    fn fractions_survive(seconds in 0i64..4_000_000_000, fraction in "[0-9]{1,9}") {
        let whole = DateTime::beijing(seconds).to_string();
        let text = format!("{}.{fraction}+08:00", whole.strip_suffix("+08:00").unwrap());
        let time: DateTime = text.parse().unwrap();
        prop_assert_eq!(time.to_string(), text);
        prop_assert_eq!(time.as_unix(), seconds);
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,40}", near in "[0-9Tt:.Zz+-]{0,40}") {
        let _ = text.parse::<DateTime>();
        let _ = near.parse::<DateTime>();
        let _ = text.parse::<Date>();
        let _ = near.parse::<Date>();
    }
}

#[test]
fn the_forms_of_v2_are_times_in_beijing() {
    let time = DateTime::from_compact("20140903131540").unwrap();
    assert_eq!(time.to_string(), "2014-09-03T13:15:40+08:00");
    assert_eq!(DateTime::from_spaced("2014-09-03 13:15:40").unwrap(), time);
    let elsewhere: DateTime = "2014-09-03T05:15:40.75Z".parse().unwrap();
    assert_eq!(elsewhere.compact().as_str(), "20140903131540");
    assert_eq!(elsewhere.spaced().to_string(), "2014-09-03 13:15:40");
    assert_eq!(
        format!("{:?}", elsewhere.compact()),
        "TimeText(20140903131540)"
    );
    let date = Date::from_compact("20160229").unwrap();
    assert_eq!(date.to_string(), "2016-02-29");
    assert_eq!(&*date.compact(), "20160229");
    for text in [
        "",
        "2014090313154",
        "201409031315400",
        "2014-09-03 13:15:40",
        "20140931131540",
        "20150229131540",
        "20140903241540",
        "20140903136040",
        "20140903131560",
        "00000903131540",
        "+0140903131540",
        "2014090313154\u{ff10}",
    ] {
        assert!(DateTime::from_compact(text).is_err(), "{text:?}");
    }
    for text in [
        "",
        "20140903131540",
        "2014-09-03T13:15:40",
        "2014-09-31 13:15:40",
        "2014-09-03 24:15:40",
        "2014-09-03 13:15:40 ",
    ] {
        assert!(DateTime::from_spaced(text).is_err(), "{text:?}");
    }
    for text in ["", "2016-02-29", "20150229", "201602290", "2016022x"] {
        assert!(Date::from_compact(text).is_err(), "{text:?}");
    }
}

#[test]
fn errors_of_the_forms_of_v2_say_which_form() {
    let compact = DateTime::from_compact("2014").unwrap_err();
    assert_eq!(compact.to_string(), "not a time like 20180608103456");
    let spaced = DateTime::from_spaced("2014").unwrap_err();
    assert_eq!(spaced.to_string(), "not a time like 2018-06-08 10:34:56");
    let date = Date::from_compact("2014").unwrap_err();
    assert_eq!(date.to_string(), "not a date like 20260228");
}

proptest! {
    #[test]
    fn the_forms_of_v2_are_read_back(seconds in -62_135_625_600i64..=253_402_271_999) {
        let time = DateTime::beijing(seconds);
        prop_assert_eq!(DateTime::from_compact(&time.compact()).unwrap().as_unix(), seconds);
        prop_assert_eq!(DateTime::from_spaced(&time.spaced()).unwrap().as_unix(), seconds);
        prop_assert_eq!(Date::from_compact(&time.date().compact()).unwrap(), time.date());
    }

    #[test]
    fn reading_the_forms_of_v2_never_panics(text in "\\PC{0,24}", near in "[0-9: -]{0,20}") {
        for text in [text, near] {
            let _ = DateTime::from_compact(&text);
            let _ = DateTime::from_spaced(&text);
            let _ = Date::from_compact(&text);
        }
    }
}
