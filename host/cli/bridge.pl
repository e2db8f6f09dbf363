# A bridge between a TAP device or a socket and ntstack: frames, each behind its length as 32 bits,
# the highest first, through two FIFOs. Needs Debian's perl-base and no more.
#
#   perl bridge.pl FOLDER tap DEVICE [ADDRESS/LENGTH]
#   perl bridge.pl FOLDER socket HOST:PORT
#   perl bridge.pl FOLDER unix PATH
#
# Makes the FIFOs FOLDER/in (from ntstack) and FOLDER/out (to it), then prints "ready". Ends when
# its standard input does. It never waits for a writer: what ntstack does not read stays with the
# device, and what the device or the peer does not take is lost, as on a wire. A word from ntstack
# with the highest bit set is no length: so many microseconds later an empty frame goes back. So it
# does for each octet of standard input: somebody wants to be heard by who waits for a frame.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use Fcntl;
use POSIX ();
use Socket;

use constant {
    TUNSETIFF => 0x400454ca, IFF_TAP => 0x0002, IFF_NO_PI => 0x1000,
    SIOCGIFFLAGS => 0x8913, SIOCSIFFLAGS => 0x8914, SIOCSIFADDR => 0x8916,
    SIOCSIFNETMASK => 0x891c, IFF_UP => 1, F_SETPIPE_SZ => 1031,
    WAKE => 0x8000_0000, PIPE_OCTETS => 1 << 20, PIECE => 1 << 18, BURST => 64,
};

sub fail { print STDERR join('', @_), "\n"; exit 3 }

# The device: made if it is not there, with an address where one is given, and up.
sub open_tap {
    my ($device, $interface) = @_;
    sysopen(my $tap, '/dev/net/tun', O_RDWR | O_NONBLOCK) or fail("/dev/net/tun: $!");
    ioctl($tap, TUNSETIFF, pack('a16 s x22', $device, IFF_TAP | IFF_NO_PI))
        or fail("TUNSETIFF $device: $!");
    socket(my $control, AF_INET, SOCK_DGRAM, 0) or fail("socket: $!");
    if (defined $interface) {
        my ($address, $length) = split m{/}, $interface;
        my $mask = pack('N', $length == 0 ? 0 : (0xffff_ffff << (32 - $length)) & 0xffff_ffff);
        for ([SIOCSIFADDR, inet_aton($address)], [SIOCSIFNETMASK, $mask]) {
            my $name = pack_sockaddr_in(0, $_->[1]);
            ioctl($control, $_->[0], pack('a16 a16 x8', $device, $name))
                or fail("address of $device: $!");
        }
    }
    my $request = pack('a16 s x22', $device, 0);
    ioctl($control, SIOCGIFFLAGS, $request) or fail("flags of $device: $!");
    my $flags = unpack('x16 s', $request);
    if (!($flags & IFF_UP)) {
        ioctl($control, SIOCSIFFLAGS, pack('a16 s x22', $device, $flags | IFF_UP))
            or fail("bringing $device up: $!");
    }
    return $tap;
}

sub open_socket {
    my ($scheme, $path) = @_;
    my ($domain, $name) = (AF_UNIX, undef);
    if ($scheme eq 'unix') { $name = pack_sockaddr_un($path) }
    else {
        my ($host, $port) = split /:/, $path;
        my $address = inet_aton($host) or fail("$host: no such host");
        ($domain, $name) = (AF_INET, pack_sockaddr_in($port, $address));
    }
    socket(my $peer, $domain, SOCK_STREAM, 0) or fail("socket: $!");
    connect($peer, $name) or fail("$path: $!");
    fcntl($peer, F_SETFL, O_RDWR | O_NONBLOCK);
    return $peer;
}

sub open_fifo {
    my ($path) = @_;
    POSIX::mkfifo($path, 0600) or fail("$path: $!");
    sysopen(my $fifo, $path, O_RDWR | O_NONBLOCK) or fail("$path: $!");
    fcntl($fifo, F_SETPIPE_SZ, PIPE_OCTETS);    # an unprivileged limit may be lower: no matter
    return $fifo;
}

my ($folder, $scheme, $path, $interface) = @ARGV;
my $is_tap = $scheme eq 'tap';
# Ctrl-C is for ntstack, which then ends our standard input.
$SIG{INT} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
my $net = $is_tap ? open_tap($path, $interface) : open_socket($scheme, $path);
my ($in, $out) = map { open_fifo("$folder/$_") } qw(in out);
syswrite(STDOUT, "ready\n");

# What came from ntstack and is not yet whole; what waits for ntstack; what waits for a peer; in
# how many seconds an empty frame is due.
my ($from, $to, $peer) = ('', '', '');
my ($wake, $is_over) = (undef, 0);

# Frames from the device, as many as there are; a peer's stream is framed already.
sub read_net {
    if (!$is_tap) {
        my $count = sysread($net, $to, PIECE, length $to);
        $is_over = 1 if defined $count ? $count == 0 : !$!{EAGAIN} && !$!{EINTR};
        return;
    }
    my $frame;
    for (1 .. BURST) {
        my $count = sysread($net, $frame, 65_536);
        if (!$count) {
            # EIO: somebody has set the device down, and it may come up again.
            $is_over = 1 if !defined $count && !$!{EAGAIN} && !$!{EINTR} && !$!{EIO};
            last;
        }
        $to .= pack('N/a*', $frame);
    }
}

sub write_out {
    my $count = syswrite($out, $to);
    if (defined $count) { substr($to, 0, $count, '') }
    elsif (!$!{EAGAIN} && !$!{EINTR}) { $is_over = 1 }
}

sub read_in {
    my $count = sysread($in, $from, PIECE, length $from);
    return if !$count;
    my ($at, $end) = (0, length $from);
    while ($end - $at >= 4) {
        my $length = unpack('N', substr($from, $at, 4));
        if ($length & WAKE) {
            $wake = ($length & ~WAKE) / 1e6;
            $at += 4;
            next;
        }
        last if $end - $at - 4 < $length;
        if ($is_tap) { syswrite($net, $from, $length, $at + 4) }
        elsif (length $peer < PIPE_OCTETS) { $peer .= substr($from, $at, 4 + $length) }
        $at += 4 + $length;
    }
    substr($from, 0, $at, '');
}

sub write_peer {
    my $count = syswrite($net, $peer);
    if (defined $count) { substr($peer, 0, $count, '') }
    elsif (!$!{EAGAIN} && !$!{EINTR}) { $is_over = 1 }
}

my ($stdin_no, $net_no, $in_no, $out_no) = map { fileno $_ } (*STDIN, $net, $in, $out);
while (!$is_over) {
    my ($readable, $writable) = ('', '');
    vec($readable, $stdin_no, 1) = 1;
    vec($readable, $in_no, 1) = 1;
    vec($readable, $net_no, 1) = 1 if length $to < PIECE;
    vec($writable, $out_no, 1) = 1 if length $to;
    vec($writable, $net_no, 1) = 1 if length $peer;
    my ($found, $left) = select($readable, $writable, undef, $wake);
    next if $found < 0;
    if (defined $wake) {
        # What passes between two waits is not counted: ntstack asks anew whenever it was woken.
        $wake = $left;
        if ($found == 0 || $left <= 0) {
            $wake = undef;
            $to .= pack('N', 0);
        }
    }
    if (vec($readable, $stdin_no, 1)) {
        last if !sysread(STDIN, my $octet, 1);
        $to .= pack('N', 0);
    }
    read_in() if vec($readable, $in_no, 1);
    write_peer() if length $peer;
    read_net() if vec($readable, $net_no, 1);
    write_out() if length $to;
}
exit 0;
