// SPDX-License-Identifier: GPL-3.0-or-later
// The camera as a barcode reader, in browsers that can read barcodes.
import {el} from "./text.js";

const FORMATS = ["code_128", "qr_code"];
const EVERY = 200; // ms between two looks

export async function canScan() {
	if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia)
		return false;
	const known = await window.BarcodeDetector.getSupportedFormats();
	return FORMATS.every((f) => known.includes(f));
}

export class Scanner {
	// holder: element the picture goes into. take(text): a code was read; true when it was the one looked for.
	constructor(holder, take) {
		this.holder = holder;
		this.take = take;
		this.stream = null;
	}

	// Throws when there is no camera, or it may not be used.
	async start() {
		const stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
		const video = el("video", {playsinline: true, "aria-label": "Picture of the camera"});
		video.muted = true;
		video.srcObject = stream;
		this.stream = stream;
		this.holder.replaceChildren(video, el("button", {type: "button", onclick: () => this.stop()}, "Stop the camera"));
		this.holder.hidden = false;
		await video.play();
		this.look(video, new window.BarcodeDetector({formats: FORMATS}), stream);
	}

	async look(video, detector, stream) {
		while (this.stream === stream) {
			const codes = await detector.detect(video).catch(() => []);
			if (this.stream === stream && codes.some((code) => this.take(code.rawValue)))
				this.stop();
			await new Promise((done) => setTimeout(done, EVERY));
		}
	}

	stop() {
		for (const track of this.stream?.getTracks() ?? [])
			track.stop();
		this.stream = null;
		this.holder.replaceChildren();
		this.holder.hidden = true;
	}
}
