// SPDX-License-Identifier: GPL-3.0-or-later
// Recovery passwords: eight groups of six digits, each a multiple of 11 of a 16-bit number.

export const GROUPS = 8;
export const DIGITS = 6;
const LARGEST = 65535 * 11;

// What is wrong with a group, for the person who typed it; "" when nothing is.
export function groupProblem(digits, number) {
	if (digits === "")
		return `Group ${number} is empty.`;
	if (digits.length < DIGITS)
		return `Group ${number} has ${digits.length === 1 ? "one digit" : `${digits.length} digits`}; six are needed.`;
	if (Number(digits) > LARGEST)
		return `Group ${number} (${digits}) cannot be right: no group is larger than ${LARGEST}.`;
	if (Number(digits) % 11 !== 0)
		return `Group ${number} (${digits}) cannot be right: one of its digits is wrong, or two are swapped.`;
	return "";
}

// The groups of the one recovery password in a text, in whatever spelling: with dashes, blanks or nothing between
// them, with words or a key ID around. Null when there is none.
export function findPassword(text) {
	const plain = text.normalize("NFKC");
	const found = /(?<!\d)(?:\d{6}[^\d]{0,4}){7}\d{6}(?!\d)/.exec(plain);
	return found ? found[0].replaceAll(/\D/g, "").match(/\d{6}/g) : null;
}
