import { showPopup } from '../../pages/popup';

void showPopup();
