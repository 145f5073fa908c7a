use std::process::Command;

use wxpay_sign::Signer as _;

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_772_380_800);

fn open(dir: &Path) -> Result<(Home, Identity), HomeError> {
    Home::open_or_create(dir, NOW)
}

/// The whole message, as a program prints it.
fn message(error: &HomeError) -> String {
    crate::server::chain(error)
}

#[test]
fn a_second_start_takes_up_what_the_first_made() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("a/b");
    let (home, mut first) = open(&dir).unwrap();
    first
        .add_platform_certificate(NOW.saturating_add(1))
        .unwrap();
    home.save_platform_certificates(&first).unwrap();
    let written = home.publish(&first, "http://127.0.0.1:9470", None).unwrap();
    drop(home);

    let (_home, second) = open(&dir).unwrap();
    assert_eq!(second.mchid(), first.mchid());
    assert_eq!(second.openid(), first.openid());
    assert_eq!(
        second.pay_sign_key().expose(),
        first.pay_sign_key().expose()
    );
    assert_eq!(second.public_key_id(), first.public_key_id());
    let signature = second.merchant_private_key().sign(b"m").unwrap();
    first
        .merchant_certificate()
        .public_key()
        .verify(b"m", &signature)
        .unwrap();
    let signature = second.public_key_signer().sign(b"m").unwrap();
    first.public_key().verify(b"m", &signature).unwrap();
    let serials = |identity: &Identity| {
        identity
            .platform_certificates()
            .iter()
            .map(|one| one.serial_number().clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(serials(&second), serials(&first));

    let read = MerchantFile::read(&dir).unwrap();
    assert_eq!(read.serial_no, written.serial_no);
    assert_eq!(read.apiv3_key.expose(), written.apiv3_key.expose());
    assert_eq!(read.base_url, "http://127.0.0.1:9470");
    assert_eq!(read.tls_base_url, None);
}

#[test]
fn one_sandbox_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(error.is_in_use());
    let text = message(&error);
    assert!(
        text.starts_with(&format!(
            "another sandbox (process {}) is running in ",
            std::process::id()
        )),
        "{text}"
    );
    drop(first);
    open(dir.path()).unwrap();
}

#[test]
fn a_folder_is_free_at_once_whoever_else_has_the_lock_file_open() {
    let dir = tempfile::tempdir().unwrap();
    let (home, _) = open(dir.path()).unwrap();
    // What a program started from this process has of it until it becomes another program.
    let inherited = home.lock.try_clone().unwrap();
    drop(home);
    drop(open(dir.path()).unwrap());
    // A start that fails lets go as well.
    fs::write(dir.path().join(MERCHANT_FILE), "{").unwrap();
    for _ in 0..2 {
        let error = open(dir.path()).unwrap_err();
        assert!(!error.is_in_use(), "{}", message(&error));
    }
    drop(inherited);
}

#[test]
fn an_interrupted_first_start_is_made_good() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    // As if the first start had been killed just before its end.
    fs::remove_file(dir.path().join(MERCHANT_FILE)).unwrap();
    fs::write(dir.path().join(UNFINISHED), "").unwrap();
    let (_home, identity) = open(dir.path()).unwrap();
    assert_eq!(identity.platform_certificates().len(), 1);
    assert_eq!(
        MerchantFile::read(dir.path()).unwrap().mchid,
        identity.mchid()
    );
}

#[test]
fn credentials_no_sandbox_made_are_left_alone() {
    for name in [
        MERCHANT_KEY,
        MERCHANT_P12,
        "wechatpay_5157F09EFDC096DE15EBE81A47057A7232F1B8E1.pem",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, "precious").unwrap();
        let text = message(&open(dir.path()).unwrap_err());
        assert!(
            text.contains(name) && text.contains("not made by a sandbox"),
            "{text}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
    // The same layout, filled by hand for a real merchant.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(MERCHANT_FILE);
    let text = r#"{"appid":"wx0","mchid":"1900000001","serial_no":"00","apiv3_key":"k"}"#;
    fs::write(&path, text).unwrap();
    assert!(message(&open(dir.path()).unwrap_err()).contains("not made by a sandbox"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let read = MerchantFile::read(dir.path()).unwrap();
    assert!(read.api_key.is_empty());
    assert_eq!(read.mchid, "1900000001");
}

#[test]
fn damage_names_the_file() {
    let cases: [(&str, &str, &str); 5] = [
        (
            MERCHANT_FILE,
            "{",
            "merchant.json is not a merchant file: EOF while parsing",
        ),
        (
            MERCHANT_FILE,
            "{}",
            "merchant.json is not a merchant file: missing field `appid`",
        ),
        (
            MERCHANT_KEY,
            "no key",
            "is not a sandbox's home any more: unusable merchant private key: ",
        ),
        (
            AUTHORITY,
            "no certificate",
            "is not a sandbox's home any more: unusable certificate of the authority",
        ),
        (
            PUBLIC_KEY,
            "",
            "is not a sandbox's home any more: unusable WeChat Pay public key: ",
        ),
    ];
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    for (name, content, expected) in cases {
        let path = dir.path().join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, content).unwrap();
        let text = message(&open(dir.path()).unwrap_err());
        assert!(text.contains(expected), "{name}: {text}");
        assert!(
            text.contains(dir.path().to_str().unwrap()),
            "{name}: {text}"
        );
        fs::write(&path, good).unwrap();
    }
    open(dir.path()).unwrap();
}

#[test]
fn a_file_in_the_way_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(
        message(&open(&file).unwrap_err()),
        format!("{} is not a folder", file.display())
    );
    let below = file.join("home");
    let text = message(&open(&below).unwrap_err());
    assert!(
        text.starts_with(&format!("cannot make the folder {}: ", below.display())),
        "{text}"
    );
}

#[test]
fn another_merchant_certificate_is_noticed() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open(one.path()).unwrap());
    drop(open(two.path()).unwrap());
    for name in [MERCHANT_KEY, MERCHANT_CERTIFICATE] {
        fs::copy(two.path().join(name), one.path().join(name)).unwrap();
    }
    let text = message(&open(one.path()).unwrap_err());
    assert!(
        text.contains("serial_no is ") && text.contains(MERCHANT_FILE),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn whatever_holds_a_secret_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (home, _) = open(dir.path()).unwrap();
    drop(home.start_log::<u8>(&[]).unwrap());
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.path(PRIVATE)), 0o700);
    assert_eq!(mode(home.private(AUTHORITY_KEY)), 0o600);
    assert_eq!(mode(home.private(PUBLIC_KEY_SIGNER)), 0o600);
    assert_eq!(mode(home.path(STATE)), 0o600);
    for name in [MERCHANT_KEY, MERCHANT_P12, MERCHANT_FILE] {
        assert_eq!(mode(home.path(name)), 0o600, "{name}");
    }
}

#[test]
fn openssl_opens_the_pkcs12_file_with_the_merchant_number() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("left out: there is no openssl here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (home, identity) = open(dir.path()).unwrap();
    let export = |password: &str, more: &[&str]| {
        Command::new("openssl")
            .args(["pkcs12", "-nodes", "-in"])
            .arg(home.path(MERCHANT_P12))
            .args(["-passin", &format!("pass:{password}")])
            .args(more)
            .output()
            .unwrap()
    };
    let output = export(identity.mchid(), &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("friendlyName: Tenpay Certificate"), "{text}");
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{text}");
    let key = &text[text.find("-----BEGIN PRIVATE KEY").unwrap()..];
    let signature = wxpay_sign::PrivateKey::from_pem(&key[..key.find("-----END").unwrap() + 25])
        .unwrap()
        .sign(b"m")
        .unwrap();
    identity
        .merchant_certificate()
        .public_key()
        .verify(b"m", &signature)
        .unwrap();
    assert!(!export("1900000000", &[]).status.success());
}
