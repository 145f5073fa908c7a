//! Times, money, bodies: nothing panics, and what is read is written back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_json::{CertificateList, Date, DateTime, ErrorBody, Fen, NotificationEnvelope, decode};

fuzz_target!(|data: &[u8]| {
    if let Ok(error) = decode::<ErrorBody>(data) {
        let _ = error.sign_information();
    }
    let _ = decode::<NotificationEnvelope>(data);
    let _ = decode::<CertificateList>(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(fen) = Fen::from_yuan(text) {
        assert_eq!(Fen::from_yuan(&fen.yuan().to_string()), Ok(fen));
    }
    if let Ok(time) = DateTime::parse(text) {
        assert_eq!(DateTime::parse(&time.to_string()), Ok(time));
    }
    if let Ok(date) = text.parse::<Date>() {
        assert_eq!(date.to_string().parse(), Ok(date));
    }
});
