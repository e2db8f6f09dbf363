"""impacket's NetBIOS: a node's status, and a session whose messages come back. A line for each."""

import sys
from impacket.nmb import NetBIOS, NetBIOSError, NetBIOSTCPSession, TYPE_CLIENT, TYPE_SERVER

HOST, NAME, SIZES = sys.argv[1], sys.argv[2], [int(each) for each in sys.argv[3].split(',')]
PATIENCE = 60


def tell(what, holds, found):
    print('%s\t%s\t%s' % (what, 'ok' if holds else 'FAILED', found))


def content(octets, seed):
    return bytes((i * 31 + (i >> 8) + seed) & 255 for i in range(octets))


def call(name, suffix):
    return NetBIOSTCPSession('PEER', name, HOST, remote_type=suffix, timeout=PATIENCE)


names = [each['NAME'].decode().strip() for each in NetBIOS().getnodestatus('*', HOST)]
tell('node status', NAME in names, ' '.join(names))

sessions = [call(NAME, TYPE_SERVER) for _ in range(3)]
for octets in SIZES:
    right = 0
    for seed, session in enumerate(sessions):
        session.send_packet(content(octets, seed))
    for seed, session in enumerate(sessions):
        if session.recv_packet(PATIENCE).get_trailer() == content(octets, seed):
            right += 1
    all_right = right == len(sessions)
    tell('messages of %d octets' % octets, all_right, '%d of %d' % (right, len(sessions)))
for session in sessions:
    session.close()

for what, name, suffix in (('a name that is not there', 'NOBODY', TYPE_SERVER),
                           ('a name where nobody listens', NAME, TYPE_CLIENT)):
    try:
        call(name, suffix).close()
        tell(what, False, 'a session')
    except NetBIOSError as error:
        tell(what, True, str(error))
