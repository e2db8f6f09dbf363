/** The bench kernel: everything the free kernel exports, and loops over its routines. */

export * from "../../assembly/index";
export * from "./octets";
