//! The code to pay by as a picture. Black on white in any light: cameras want it so.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};

use super::Web;
use super::form::Token;
use super::trouble::Trouble;
use crate::flow::OrderState;

/// Pixels of a module.
const SCALE: usize = 8;

/// Light modules around the code.
const QUIET: usize = 4;

pub(super) async fn svg(
    State(web): State<Web>,
    token: Token,
) -> Result<impl IntoResponse, Trouble> {
    let code = code(&web, &token).await?;
    let picture = code.render::<svg::Color<'_>>().quiet_zone(true).build();
    Ok(([(CONTENT_TYPE, "image/svg+xml")], picture))
}

pub(super) async fn png(
    State(web): State<Web>,
    token: Token,
) -> Result<impl IntoResponse, Trouble> {
    let code = code(&web, &token).await?;
    let picture = pixels(&code).map_err(|error| Trouble::internal(&error))?;
    Ok(([(CONTENT_TYPE, "image/png")], picture))
}

/// The code of an order that can be paid.
async fn code(web: &Web, token: &Token) -> Result<QrCode, Trouble> {
    let order = token.order(web).await?;
    let code = order.code_url.filter(|_| order.state == OrderState::Paying);
    let code = code.ok_or_else(Trouble::not_found)?;
    QrCode::with_error_correction_level(code, EcLevel::M).map_err(|error| Trouble::internal(&error))
}

fn pixels(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.width();
    let size = (modules + 2 * QUIET) * SCALE;
    let mut pixels = vec![0xff; size * size];
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let left = (index % modules + QUIET) * SCALE;
            let top = (index / modules + QUIET) * SCALE;
            for line in top..top + SCALE {
                pixels[line * size + left..][..SCALE].fill(0);
            }
        }
    }
    let mut file = Vec::new();
    // A code has at most 177 modules.
    let side = u32::try_from(size).unwrap_or_default();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}
