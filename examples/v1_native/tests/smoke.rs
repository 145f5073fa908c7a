//! Runs the example as a person would.

use std::process::Command;

#[test]
fn it_is_paid_and_refunded() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_v1_native"));
    let output = command.output().expect("the example starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    for line in [
        "weixin://wxpay/bizpayurl?sign=",
        "sold out: refused",
        "not answered",
        "goods sent, answered success",
        "nothing sent twice",
        "no body: refused",
        "total_fee: expected 1999, received 1",
        "its delivery is reported",
        "sent twice and refunded once",
        "(财付通退款查询): 4 (done)",
    ] {
        assert!(out.contains(line), "{line} is missing:\n{out}");
    }
    assert!(err.is_empty(), "{err}");
}
