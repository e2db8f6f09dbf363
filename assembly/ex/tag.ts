/** Pool tags: four characters, the first in the lowest octet, as NT's pool shows them. */

export const enum Tag {
  /** "Irp " */
  Irp = 0x20707249,
  /** "Mdl " */
  Mdl = 0x206c644d,
  /** "File" */
  File = 0x656c6946,
  /** "Driv" */
  Driver = 0x76697244,
  /** "Devi" */
  Device = 0x69766544,
  /** "NDad": a card. */
  Adapter = 0x6461444e,
  /** "NDpp": a card's packets. */
  PacketPool = 0x7070444e,
  /** "NDbi": a protocol on a card. */
  Binding = 0x6962444e,
  /** "TCPt": a connection control block. */
  Tcb = 0x74504354,
  /** "TCPe": what options and recovery need of a connection. */
  Extension = 0x65504354,
  /** "TCPs": what a connection has sent, segment by segment. */
  Sent = 0x73504354,
  /** "TCPc": a connection endpoint. */
  Connection = 0x63504354,
  /** "TCPa": an address object. */
  Address = 0x61504354,
  /** "TCPh": the connection table. */
  Table = 0x68504354,
  /** "TCPk": the deadlines of acknowledgments that wait. */
  AckDeadlines = 0x6b504354,
  /** "TCPy": a connection that is half open. */
  SynCache = 0x79504354,
  /** "TCPr": data that its client has not taken, and segments out of order. */
  Received = 0x72504354,
  /** "IPrc": a route cache entry. */
  RouteCache = 0x63725049,
  /** "IPrt": a route. */
  Route = 0x74725049,
  /** "IPif": an interface. */
  Interface = 0x66695049,
  /** "IPra": a datagram in pieces. */
  Reassembly = 0x61725049,
  /** "Arp ": a neighbour. */
  Arp = 0x20707241,
  /** "ArpP": the datagram that waits for a neighbour. */
  Parked = 0x50707241,
  /** "Icmp": an echo request that waits. */
  Echo = 0x706d6349,
  /** "AfdE": a socket. */
  Endpoint = 0x45646641,
  /** "AfdH": the table of handles. */
  Handles = 0x48646641,
  /** "AfdB": octets of a socket. */
  SocketBuffer = 0x42646641,
  /** "AfdP": a select that waits. */
  Poll = 0x50646641,
  /** "NbtA": a NetBIOS address that a client has opened. */
  NetbtAddress = 0x4174624e,
  /** "NbtC": a NetBT connection endpoint. */
  NetbtConnection = 0x4374624e,
  /** "NbtL": a connection block, NetBT's end of a TCP connection. */
  NetbtBlock = 0x4c74624e,
  /** "NbtS": what goes in front of a message. */
  NetbtFront = 0x5374624e,
  /** "NbtN": a name of NetBT. */
  NetbtName = 0x4e74624e,
  /** "NbtR": a name of another machine. */
  NetbtCache = 0x5274624e,
  /** "NbtT": what is under way with a name (a tracker). */
  NetbtTracker = 0x5474624e,
  /** "NbtP": a packet of the name or datagram service. */
  NetbtPacket = 0x5074624e,
  /** "NbtD": a datagram: its parts, or one whose target is being found. */
  NetbtDatagram = 0x4474624e,
  /** "Nb30": what NetBIOS has of programs: their NCBs, names and sessions, what they ask. */
  Netbios = 0x3033624e,
  /** "NbBf": octets of an NCB. */
  NetbiosBuffer = 0x6642624e,
  /** "User": user mode's own memory. */
  User = 0x72657355,
}
