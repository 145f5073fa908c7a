//! Where a `download_url` may lead.

use http::Uri;
use wxpay_proto::{Endpoint, Target};

use crate::error::{Delivery, Error, ErrorKind};
use crate::transport::is_loopback;

/// Domains of WeChat Pay; every host within them may be asked for a file.
const DOMAINS: [&str; 2] = ["weixin.qq.com", "wechatpay.cn"];

/// Reads a `download_url` and checks that it leads to WeChat Pay: a signed request is not sent to
/// whatever address stands in an answer. Permitted are the scheme of the endpoint and, as host, the
/// endpoint's own or one of WeChat Pay's. An endpoint on this machine may name itself differently
/// (`localhost`, `127.0.0.1`) as long as the port is the same.
pub(super) fn destination(url: &str, endpoint: &Endpoint) -> Result<(Endpoint, Target), Error> {
    let uri: Uri = url.parse().map_err(|error: http::uri::InvalidUri| {
        refused("download_url: not an address").caused_by(error)
    })?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refused("download_url: must be an absolute address"));
    };
    // Refuses credentials, and schemes that are none of ours.
    let host = Endpoint::parse(&format!("{scheme}://{authority}"))
        .map_err(|error| refused("download_url: the host cannot be used").caused_by(error))?;
    if host.scheme() != endpoint.scheme() {
        return Err(refused("download_url: the scheme is not the endpoint's"));
    }
    let own = port(&host) == port(endpoint)
        && (host.host().eq_ignore_ascii_case(endpoint.host())
            || is_loopback(host.host()) && is_loopback(endpoint.host()));
    let official = host.scheme() == "https" && port(&host) == 443 && is_official(host.host());
    if !own && !official {
        return Err(refused(
            "download_url: the host is neither the endpoint's nor WeChat Pay's",
        ));
    }
    // What is signed and asked for is the text as it stands, so it is cut out of the text.
    let start = scheme.len() + "://".len() + authority.as_str().len();
    let target = Target::parse(
        url.get(start..)
            .filter(|rest| !rest.is_empty())
            .unwrap_or("/"),
    )
    .map_err(|error| refused("download_url: the path cannot be used").caused_by(error))?;
    Ok((host, target))
}

fn refused(problem: &'static str) -> Error {
    Error::new(ErrorKind::Request, Delivery::NotSent, problem)
}

fn port(endpoint: &Endpoint) -> u16 {
    let default = if endpoint.scheme() == "https" {
        443
    } else {
        80
    };
    endpoint.authority().port_u16().unwrap_or(default)
}

fn is_official(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(url: &str, endpoint: &'static str) -> bool {
        destination(url, &Endpoint::parse(endpoint).unwrap()).is_ok()
    }

    #[test]
    fn hosts_of_wechat_pay_and_the_endpoint() {
        let official = "https://api.mch.weixin.qq.com";
        for url in [
            "https://api.mch.weixin.qq.com/v3/billdownload/file?token=x",
            "https://API2.wechatpay.cn:443/v3/billdownload/file?token=x",
        ] {
            assert!(permitted(url, official), "{url}");
        }
        for url in [
            "http://api.mch.weixin.qq.com/x",
            "https://api.mch.weixin.qq.com:8443/x",
            "https://weixin.qq.com.evil.example/x",
            "https://evilweixin.qq.com/x",
            "https://api.mch.weixin.qq.com@evil.example/x",
            "https://user@api.mch.weixin.qq.com/x",
            "https://evil.example/x",
            "https://api.mch.weixin.qq.com/x#y",
            "/v3/billdownload/file",
            "",
            "https://127.0.0.1/x",
        ] {
            assert!(!permitted(url, official), "{url}");
        }
    }

    #[test]
    fn the_text_is_kept() {
        let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Bb%3d&x=%E4";
        let (host, target) = destination(url, &Endpoint::main()).unwrap();
        assert_eq!(format!("{host}{}", target.as_str()), url);
    }

    #[test]
    fn a_server_on_this_machine() {
        let sandbox = "http://127.0.0.1:9470";
        assert!(permitted(
            "http://127.0.0.1:9470/v3/billdownload/file?token=x",
            sandbox
        ));
        assert!(permitted("http://localhost:9470/x", sandbox));
        assert!(!permitted("http://127.0.0.1:9471/x", sandbox));
        assert!(!permitted("https://127.0.0.1:9470/x", sandbox));
        assert!(!permitted("http://api.mch.weixin.qq.com/x", sandbox));
    }
}
