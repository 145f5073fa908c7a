//! Bills of all kinds: nothing panics, everything ends, and rows and errors are the same from a slice, from a reader in
//! pieces of any size, and from gzip of the same bytes.
#![no_main]

use std::io::{self, Read, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use wxpay_bill::{
    Bill, BlockingSource, ErrorKind, FundFlows, Layout, ProfitSharings, Records, Trades,
};

fuzz_target!(|data: &[u8]| {
    let Some((&[kind, size], file)) = data.split_first_chunk() else {
        return;
    };
    let size = usize::from(size) + 1;
    match kind % 4 {
        0 => agree::<Trades>(file, size, |row| {
            format!("{row:?} {:?} {:?}", row.trade_time(), row.entry())
        }),
        1 => agree::<FundFlows>(file, size, |row| {
            format!("{row:?} {:?} {:?}", row.booked_at(), row.entry())
        }),
        2 => agree::<ProfitSharings>(file, size, |row| {
            format!("{row:?} {:?} {:?}", row.time(), row.entry())
        }),
        _ => agree::<Records>(file, size, |row| format!("{} {row:?}", row.line())),
    }
});

/// What a bill says: rows, errors and the summary as text.
fn read<S: BlockingSource, T: Layout>(
    mut bill: Bill<S, T>,
    show: impl Fn(T::Row<'_>) -> String,
) -> Vec<String>
where
    T::Summary: std::fmt::Debug,
{
    let mut said = Vec::new();
    loop {
        let next = bill.next_row().map(|row| row.map(&show));
        match next {
            Ok(Some(row)) => said.push(row),
            Ok(None) => {
                assert!(matches!(bill.next_row(), Ok(None)));
                said.push(format!("{:?}", bill.summary()));
                return said;
            }
            Err(error) => {
                assert!(error.to_string().len() < 1000);
                said.push(format!(
                    "{:?} {:?} {:?} {error}",
                    error.kind(),
                    error.line(),
                    error.column()
                ));
                if !error.is_row() {
                    let Err(error) = bill.next_row() else {
                        panic!("it went on behind an error");
                    };
                    assert_eq!(error.kind(), ErrorKind::Ended);
                    return said;
                }
            }
        }
    }
}

fn agree<T: Layout>(file: &[u8], size: usize, show: impl Fn(T::Row<'_>) -> String + Copy)
where
    T::Summary: std::fmt::Debug,
{
    let said = read(Bill::<_, T>::from_slice(file), show);
    let in_pieces = read(Bill::<_, T>::from_reader(Pieces(file, size)), show);
    if file.starts_with(&[0x1f, 0x8b]) {
        // How far damaged data was unpacked before it was seen hangs on how it came.
        return;
    }
    assert_eq!(in_pieces, said);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(file).and_then(|()| encoder.finish());
    let packed = packed.expect("memory does not fail");
    assert_eq!(read(Bill::<_, T>::from_slice(&packed), show), said);
    assert_eq!(
        read(Bill::<_, T>::from_reader(Pieces(&packed, size)), show),
        said
    );
}

struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(buf.len()).min(self.1);
        let (now, rest) = self.0.split_at(count);
        buf[..count].copy_from_slice(now);
        self.0 = rest;
        Ok(count)
    }
}
