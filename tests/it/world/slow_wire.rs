//! A PostgreSQL that is far away: every word to it takes a while, as many statements one after the other as there are.
//!
//! How to get it wrong: measuring. Whoever sends hundreds of statements where a few would do runs out of its own time.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use postgres_fixture::OWNER;

use crate::world::World;

/// The URL of `world`'s database, so far away.
pub fn far_away(world: &World, one_way: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let (head, name) = world.database.owner_url().rsplit_once('/').expect("a name");
    let server = head.rsplit_once('@').expect("a host").1.to_owned();
    let url = format!("postgres://{OWNER}@127.0.0.1:{port}/{name}");
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(&server) else { continue };
            let (back, to) = (server.try_clone().expect("its other end"), client.try_clone().expect("its other end"));
            std::thread::spawn(move || pass(client, server, one_way));
            std::thread::spawn(move || pass(back, to, Duration::ZERO));
        }
    });
    url
}

/// Passes on what comes, each piece that long after it came.
fn pass(mut from: TcpStream, mut to: TcpStream, after: Duration) {
    let _ = to.set_nodelay(true);
    let mut piece = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut piece) {
        if count == 0 {
            break;
        }
        std::thread::sleep(after);
        if to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
