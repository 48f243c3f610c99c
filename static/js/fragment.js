// What stands behind the "#" of an address goes into the field that data-fragment names, and its form is sent.
//
// A receipt's QR code is such an address: what it says reaches the hub in a form, and stands in no log of addresses.

const form = document.querySelector("[data-fragment]");
const told = location.hash.slice(1);
const field = document.getElementById(form.dataset.fragment);
if (told && !field.value) {
  history.replaceState(null, "", location.pathname); // once: not again on the page that answers
  field.value = told;
  form.requestSubmit();
}
