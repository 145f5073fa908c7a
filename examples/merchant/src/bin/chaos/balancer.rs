//! One address for all processes of the shop: what customers and WeChat Pay know.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Hands each connection to the next process that takes it; where none does, cuts it.
pub(crate) async fn start(shops: Vec<SocketAddr>) -> Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(serve(listener, shops.into()))))
}

async fn serve(listener: TcpListener, shops: Arc<[SocketAddr]>) {
    let mut connections = JoinSet::new();
    let mut first = 0;
    loop {
        tokio::select! {
            // What cannot be accepted, for want of files perhaps, is asked for again by its sender.
            Ok((stream, _)) = listener.accept() => {
                first += 1;
                connections.spawn(forward(stream, Arc::clone(&shops), first));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn forward(mut from: TcpStream, shops: Arc<[SocketAddr]>, first: usize) {
    for turn in 0..shops.len() {
        let address = shops[(first + turn) % shops.len()];
        if let Ok(mut to) = TcpStream::connect(address).await {
            // Whoever is killed in the middle leaves a broken connection: that is the point.
            let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            return;
        }
    }
}
