// Every way to embed an image that we know, each behind the gates that it can stand behind.
// `names`: the image's file. `expected`: what showed it, and who read it. `allow`, `crop`, `pick`: what the reader then does.
const png = (name) => `/open/${name}.png`;
const css = (rules) => `<style>#it{width:320px;height:240px}${rules}</style><div id=it></div>`;

// Draws noise, so that the copy that arrives can be told from any other.
const DRAW = `const c=document.createElement('canvas');c.width=320;c.height=240;const x=c.getContext('2d');const d=x.createImageData(320,240);for(let i=0;i<d.data.length;i++)d.data[i]=i%4===3?255:(i*7+(i>>8)*13)%256;x.putImageData(d,0,0);`;
const HASH = `window.hashOf=async(c)=>{const b=await new Promise(r=>c.toBlob(r,'image/png'));const h=new Uint8Array(await crypto.subtle.digest('SHA-256',await b.arrayBuffer()));return [...h].map(v=>v.toString(16).padStart(2,'0')).join('')};`;

export function waysToEmbed({ site, other }) {
  const near = site.address;
  const far = site.elsewhere; // another host, so another permission
  return [
    { way: 'img', gate: 'none', html: `<img id=it src="${png('a1')}">`, name: 'a1', expected: 'src page' },
    { way: 'img', gate: 'other host, CORS', html: `<img id=it src="${far}/cors/a2.png">`, name: 'a2', expected: 'src page' },
    { way: 'img', gate: 'other host, closed', html: `<img id=it src="${far}/open/a3.png">`, name: 'a3', expected: 'src server' },
    { way: 'img', gate: 'cookie', html: `<img id=it src="/cookie/a4.png">`, name: 'a4', expected: 'src page' },
    { way: 'img', gate: 'referrer', html: `<img id=it src="/referrer/a5.png">`, name: 'a5', expected: 'src page' },
    { way: 'img', gate: 'other origin, cookie', html: `<img id=it src="${other.address}/cookie/a6.png">`, name: 'a6', expected: 'src host' },
    { way: 'img srcset', gate: 'none', html: `<img id=it srcset="${png('b1-320x240')} 320w, ${png('b1-640x480')} 640w" sizes="320px" width=320>`, name: 'b1-640x480', expected: 'srcset page' },
    { way: 'picture', gate: 'none', html: `<picture><source srcset="${png('b2-320x240')} 1x, ${png('b2-640x480')} 2x"><img id=it src="${png('b3')}" width=320></picture>`, name: 'b2-640x480', expected: 'srcset page' },
    { way: 'CSS background', gate: 'none', html: css(`#it{background:url(${png('c1')})}`), name: 'c1', expected: 'background page' },
    { way: 'CSS background', gate: 'other host, closed', html: css(`#it{background:url(${far}/open/c2.png)}`), name: 'c2', expected: 'background server' },
    { way: 'CSS image-set', gate: 'none', html: css(`#it{background-image:image-set(url(${png('c3')}) 1x,url(${png('c4-640x480')}) 2x)}`), name: 'c4-640x480', expected: 'background page' },
    { way: 'CSS ::before', gate: 'none', html: css(`#it::before{content:'';display:block;width:320px;height:240px;background:url(${png('c5')})}`), name: 'c5', expected: 'pseudo_element page' },
    { way: 'canvas', gate: 'none', html: `<script>${HASH}${DRAW}c.id='it';document.body.append(c);hashOf(c).then(h=>window.expectedHash=h)</script>`, isDrawn: true, expected: 'canvas page' },
    { way: 'SVG image', gate: 'none', html: `<svg width=320 height=240><image id=it href="${png('d1')}" width=320 height=240 /></svg>`, name: 'd1', expected: 'svg_image page' },
    { way: 'input type=image', gate: 'none', html: `<input id=it type=image src="${png('d2')}">`, name: 'd2', expected: 'input_image page' },
    { way: 'img in a shadow root', gate: 'open', html: `<div id=it style="width:320px;height:240px"></div><script>it.attachShadow({mode:'open'}).innerHTML='<img src="${png('e1')}">'</script>`, name: 'e1', expected: 'src page' },
    { way: 'img in a shadow root', gate: 'closed', html: `<div id=it style="width:320px;height:240px"></div><script>it.attachShadow({mode:'closed'}).innerHTML='<img src="${png('e2')}">'</script>`, name: 'e2', expected: 'src page' },
    { way: 'iframe', gate: 'same origin', html: `<iframe id=it src="/inner/e3" width=330 height=250></iframe>`, inner: { e3: `<body style=margin:0><img src="${png('e3')}">` }, name: 'e3', expected: 'src page' },
    { way: 'iframe', gate: 'other host', html: `<iframe id=it src="${far}/inner/e4" width=330 height=250></iframe>`, inner: { e4: `<body style=margin:0><img src="${png('e4')}">` }, name: 'e4', expected: 'src server' },
    { way: 'data:', gate: 'none', html: (bytes) => `<img id=it src="data:image/png;base64,${bytes('f1-64x48')}" width=320>`, name: 'f1-64x48', expected: 'inline_data page' },
    { way: 'data: as background', gate: 'none', html: (bytes) => css(`#it{background:url(data:image/png;base64,${bytes('f2-64x48')})}`), name: 'f2-64x48', expected: 'inline_data page' },
    { way: 'blob:', gate: 'none', html: `<img id=it width=320 height=240><script>fetch('${png('f3')}').then(r=>r.blob()).then(b=>{it.src=URL.createObjectURL(b)})</script>`, name: 'f3', expected: 'blob page' },
    { way: 'video frame', gate: 'none', html: `<video id=it muted width=320 height=240></video><script>${HASH}${DRAW}
      const r=new MediaRecorder(c.captureStream(10),{mimeType:'video/webm'});const p=[];r.ondataavailable=e=>p.push(e.data);
      r.onstop=async()=>{it.src=URL.createObjectURL(new Blob(p,{type:'video/webm'}));await it.play();it.pause();const f=document.createElement('canvas');f.width=it.videoWidth;f.height=it.videoHeight;f.getContext('2d').drawImage(it,0,0);window.expectedHash=await hashOf(f)};
      r.start();let n=0;const t=setInterval(()=>{x.fillRect(n,n,9,9);if(++n>15){clearInterval(t);r.stop()}},60)</script>`, isDrawn: true, expected: 'video_frame page' },
    { way: 'video poster', gate: 'none', html: `<video id=it poster="${png('g1')}" width=320 height=240></video>`, name: 'g1', expected: 'video_poster page' },
    { way: 'img', gate: 'CSP sandbox', headers: { 'Content-Security-Policy': 'sandbox' }, html: `<img id=it src="${png('h1')}">`, name: 'h1', expected: 'src host' },
    { way: 'img', gate: 'CSP default-src none', headers: { 'Content-Security-Policy': "default-src 'none'; img-src 'self'" }, html: `<img id=it src="${png('h2')}">`, name: 'h2', expected: 'src page' },
    { way: 'img in a lightbox', gate: 'modal dialog', html: `<dialog id=box><img id=it src="${png('h3')}"></dialog><script>box.showModal()</script>`, name: 'h3', expected: 'src page' },
    { way: 'its own tab', gate: 'none', url: png('h4'), selector: 'img', name: 'h4', expected: 'src page' },
    { way: 'img', gate: 'other host, hotlink placeholder', html: `<img id=it src="${far}/hotlink/i1.png">`, name: 'i1', then: 'crop', expected: 'src screen' },
    { way: 'img', gate: 'other host, referrer', html: `<img id=it src="${far}/referrer/i2.png">`, name: 'i2', then: 'allow', expected: 'src host' },
    { way: 'img', gate: 'allowed host, hotlink placeholder', html: `<img id=it src="${far}/hotlink/i3.png">`, name: 'i3', expected: 'src host' },
    { way: 'one of two backgrounds', gate: 'picked by keyboard', html: css(`#it,#b{background:url(${png('j1')})}#b{width:320px;height:240px;background-image:url(${png('j2')})}`) + '<div id=b></div>', name: 'j1', then: 'pick', expected: 'background page' },
  ].map((row) => ({ selector: '#it', near, ups: hasPageMenu(row) ? 3 : 2, ...row }));
}

/** Where Chromium knows of no image it shows the page's menu, in which one line more stands below ours. */
function hasPageMenu({ way }) {
  return /CSS|background|poster/.test(way);
}
